-- Alerts that only their hash told apart cannot stand under the older index: such a row no longer claims its time.
UPDATE signals SET time_given = false, external_id = coalesce(external_id, id::text)
  WHERE dedup_key <> '' AND time_given;
--> statement-breakpoint
DROP INDEX ux_signals_time;
--> statement-breakpoint
CREATE UNIQUE INDEX ux_signals_time ON signals USING btree (dedup_scope, instrument, side, version, time)
  WHERE time_given;
--> statement-breakpoint
ALTER TABLE signals DROP COLUMN dedup_key;
--> statement-breakpoint
DROP TABLE signal_batches;
--> statement-breakpoint
DROP TABLE refusals;
--> statement-breakpoint
DROP TABLE producer_hooks;
