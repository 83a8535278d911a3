REVOKE SELECT ON SEQUENCE command_number FROM countersign_runtime;
--> statement-breakpoint
REVOKE UPDATE (magic_epoch, epoch_behind_at, epoch_behind_magic) ON deployment FROM countersign_runtime;
--> statement-breakpoint
REVOKE UPDATE (attempt, magic, not_before, lease_epoch, broker_comment) ON commands FROM countersign_runtime;
--> statement-breakpoint
REVOKE ALL ON account_leases FROM countersign_runtime;
