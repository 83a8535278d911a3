-- Nobody draws them any more, and what came before does not know their topic.
UPDATE outbox SET done_at = created_at WHERE topic = 'picture.wanted' AND done_at IS NULL;
--> statement-breakpoint
DROP INDEX ix_outbox_pictures;
--> statement-breakpoint
DROP TABLE chart_drawings;
--> statement-breakpoint
DROP TABLE chart_costs;
--> statement-breakpoint
-- Their indexes and the reference go with the columns.
ALTER TABLE charts DROP COLUMN signal_id, DROP COLUMN trade_id;
--> statement-breakpoint
DROP INDEX ix_charts_expiry;
