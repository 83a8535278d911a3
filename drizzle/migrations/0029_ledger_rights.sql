GRANT SELECT, INSERT, UPDATE, DELETE ON trade_legs, equity_points TO countersign_runtime;
--> statement-breakpoint
-- Derived data: what a restated deal takes away goes.
GRANT DELETE ON trades TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (policy, evidence, seen_at, resolution, resolved_by, resolution_reason, signal_id) ON divergences TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (unverified_at) ON accounts TO countersign_runtime;
