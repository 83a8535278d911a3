REVOKE UPDATE (withdraw_pending) ON deployment FROM countersign_runtime;
--> statement-breakpoint
REVOKE UPDATE (withdraw_pending) ON accounts FROM countersign_runtime;
--> statement-breakpoint
REVOKE UPDATE (volume_filled, instruction) ON commands FROM countersign_runtime;
--> statement-breakpoint
REVOKE ALL ON exits FROM countersign_runtime;
