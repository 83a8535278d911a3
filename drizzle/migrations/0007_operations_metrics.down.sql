DROP INDEX ix_divergences_detected;
--> statement-breakpoint
DROP INDEX ix_commands_created;
--> statement-breakpoint
DROP TABLE order_refusals;
--> statement-breakpoint
DROP TABLE metric_totals;
--> statement-breakpoint
DROP TABLE metric_cursors;
