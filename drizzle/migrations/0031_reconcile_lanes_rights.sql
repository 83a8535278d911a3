GRANT SELECT, INSERT, UPDATE (epoch, expires_at) ON reconcile_leases TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (slow_for) ON bridge_contacts TO countersign_runtime;
