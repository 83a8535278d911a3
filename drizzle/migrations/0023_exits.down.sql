ALTER TABLE deployment DROP COLUMN withdraw_pending;
--> statement-breakpoint
ALTER TABLE accounts DROP COLUMN withdraw_pending;
--> statement-breakpoint
ALTER TABLE commands DROP CONSTRAINT ck_commands_kind;
--> statement-breakpoint
-- Indexes and constraints of a dropped column go with it.
ALTER TABLE commands DROP COLUMN volume_filled, DROP COLUMN target_id;
--> statement-breakpoint
DROP INDEX ix_commands_position;
--> statement-breakpoint
-- The older code knows no cancellations: they stay in the list of orders as closes of nothing, and none is sent any more.
UPDATE commands SET kind = 'close', state = CASE WHEN state IN ('created', 'sent', 'unknown') THEN 'failed' ELSE state END
  WHERE kind = 'cancel';
--> statement-breakpoint
ALTER TABLE commands ADD CONSTRAINT ck_commands_kind CHECK (kind in ('open', 'place', 'close'));
--> statement-breakpoint
DROP TABLE exits;
