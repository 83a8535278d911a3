ALTER TABLE signals DROP CONSTRAINT ex_signals_window;
--> statement-breakpoint
DROP EXTENSION btree_gist;
