DELETE FROM deployment;
--> statement-breakpoint
-- The role stays: roles belong to the whole cluster, and another database of it may use this one.
DROP OWNED BY countersign_runtime;
--> statement-breakpoint
GRANT USAGE ON SCHEMA public TO PUBLIC;
