REVOKE UPDATE (guard_phase) ON accounts FROM countersign_runtime;
--> statement-breakpoint
REVOKE SELECT, INSERT, UPDATE (triggered_at, revoked_at, flat_at, stopped_at, ended_at, ended_by, end_reason) ON guard_trips
  FROM countersign_runtime;
--> statement-breakpoint
REVOKE SELECT, INSERT, UPDATE (settings, state, updated_at) ON guards FROM countersign_runtime;
