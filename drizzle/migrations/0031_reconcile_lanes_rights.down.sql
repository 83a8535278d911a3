REVOKE UPDATE (slow_for) ON bridge_contacts FROM countersign_runtime;
--> statement-breakpoint
REVOKE ALL ON reconcile_leases FROM countersign_runtime;
