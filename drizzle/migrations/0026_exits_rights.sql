GRANT SELECT, INSERT, UPDATE (state, reason, acted, next_at, ended_at, updated_at) ON exits TO countersign_runtime;
--> statement-breakpoint
-- A close is sent with the ticket and the volume that its position has by then.
GRANT UPDATE (volume_filled, instruction) ON commands TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (withdraw_pending) ON accounts TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (withdraw_pending) ON deployment TO countersign_runtime;
