CREATE TABLE "reconcile_leases" (
	"account_id" uuid PRIMARY KEY NOT NULL,
	"epoch" bigint NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "bridge_contacts" ADD COLUMN "slow_for" smallint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "reconcile_leases" ADD CONSTRAINT "reconcile_leases_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bridge_contacts" ADD CONSTRAINT "ck_bridge_contacts_slow" CHECK ("bridge_contacts"."slow_for" between 0 and 3);