REVOKE ALL ON chart_costs FROM countersign_runtime;
--> statement-breakpoint
REVOKE ALL ON chart_drawings FROM countersign_runtime;
