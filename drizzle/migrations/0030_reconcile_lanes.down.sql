ALTER TABLE "bridge_contacts" DROP CONSTRAINT "ck_bridge_contacts_slow";
--> statement-breakpoint
ALTER TABLE "bridge_contacts" DROP COLUMN "slow_for";
--> statement-breakpoint
DROP TABLE reconcile_leases;
