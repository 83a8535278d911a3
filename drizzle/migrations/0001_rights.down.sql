DELETE FROM deployment;
--> statement-breakpoint
DROP FUNCTION instrument_of(jsonb, text);
--> statement-breakpoint
DROP TRIGGER tr_deliveries_refused ON deliveries;
--> statement-breakpoint
DROP FUNCTION note_order_refusal();
--> statement-breakpoint
ALTER TABLE signals DROP CONSTRAINT ex_signals_window;
--> statement-breakpoint
DROP EXTENSION btree_gist;
--> statement-breakpoint
-- The role stays: roles belong to the whole cluster, and another database of it may use this one. Its rights go one by
-- one, because DROP OWNED BY needs the role's own privileges, which an owner that is no superuser does not have.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM countersign_runtime;
--> statement-breakpoint
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM countersign_runtime;
--> statement-breakpoint
REVOKE ALL ON SCHEMA public FROM countersign_runtime;
--> statement-breakpoint
GRANT USAGE ON SCHEMA public TO PUBLIC;
