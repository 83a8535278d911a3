-- A hook token ends by its date; a batch is claimed first and its outcome written after its signals; both records of
-- the intake are pruned by the schedule.
GRANT SELECT, INSERT, UPDATE (expires_at) ON producer_hooks TO countersign_runtime;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE (outcome), DELETE ON signal_batches TO countersign_runtime;
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE ON refusals TO countersign_runtime;
--> statement-breakpoint
-- The window tells alerts apart by the hash of their fields as well. Signed signals have none: for them nothing changes.
ALTER TABLE signals DROP CONSTRAINT ex_signals_window;
--> statement-breakpoint
ALTER TABLE signals ADD CONSTRAINT ex_signals_window EXCLUDE USING gist (
  dedup_scope WITH =,
  instrument WITH =,
  side WITH =,
  version WITH =,
  dedup_key WITH =,
  int8range(
    (extract(epoch FROM received_at AT TIME ZONE 'UTC') * 1000)::bigint,
    (extract(epoch FROM received_at AT TIME ZONE 'UTC') * 1000)::bigint + dedup_window_ms
  ) WITH &&
) WHERE (NOT time_given AND external_id IS NULL);
