CREATE EXTENSION IF NOT EXISTS btree_gist;
--> statement-breakpoint
-- Two signals that both came without a time, received less than the earlier one's window apart, cannot both stand.
-- Epoch milliseconds, because timestamptz + interval is not immutable and cannot be indexed.
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
