REVOKE UPDATE (unverified_at) ON accounts FROM countersign_runtime;
--> statement-breakpoint
REVOKE UPDATE (policy, evidence, seen_at, resolution, resolved_by, resolution_reason, signal_id) ON divergences FROM countersign_runtime;
--> statement-breakpoint
REVOKE DELETE ON trades FROM countersign_runtime;
--> statement-breakpoint
REVOKE ALL ON trade_legs, equity_points FROM countersign_runtime;
