-- Alerts that only their hash told apart cannot stand under the older constraint: each keeps itself by a time or an
-- external_id of its own, which no row had before.
UPDATE signals SET external_id = id::text WHERE dedup_key <> '' AND NOT time_given AND external_id IS NULL;
--> statement-breakpoint
ALTER TABLE signals DROP CONSTRAINT ex_signals_window;
--> statement-breakpoint
ALTER TABLE signals ADD CONSTRAINT ex_signals_window EXCLUDE USING gist (
  dedup_scope WITH =,
  instrument WITH =,
  side WITH =,
  version WITH =,
  int8range(
    (extract(epoch FROM received_at AT TIME ZONE 'UTC') * 1000)::bigint,
    (extract(epoch FROM received_at AT TIME ZONE 'UTC') * 1000)::bigint + dedup_window_ms
  ) WITH &&
) WHERE (NOT time_given AND external_id IS NULL);
--> statement-breakpoint
REVOKE SELECT, INSERT, DELETE ON refusals FROM countersign_runtime;
--> statement-breakpoint
REVOKE SELECT, INSERT, UPDATE (outcome), DELETE ON signal_batches FROM countersign_runtime;
--> statement-breakpoint
REVOKE SELECT, INSERT, UPDATE (expires_at) ON producer_hooks FROM countersign_runtime;
