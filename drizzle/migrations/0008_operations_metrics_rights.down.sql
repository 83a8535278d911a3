DROP TRIGGER tr_deliveries_refused ON deliveries;
--> statement-breakpoint
DROP FUNCTION note_order_refusal();
--> statement-breakpoint
REVOKE ALL ON metric_totals, metric_cursors, order_refusals FROM countersign_runtime;
