-- What its people set, and what it knows. A trip is never deleted, and what it was decided by never changes.
GRANT SELECT, INSERT, UPDATE (settings, state, updated_at) ON guards TO countersign_runtime;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE (triggered_at, revoked_at, flat_at, stopped_at, ended_at, ended_by, end_reason) ON guard_trips
  TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (guard_phase) ON accounts TO countersign_runtime;
