ALTER TABLE commands DROP CONSTRAINT ck_commands_state;
--> statement-breakpoint
-- What works at the broker is looked up by the older code; what ended unfilled was no trade.
UPDATE commands SET state = CASE state WHEN 'placed' THEN 'unknown' ELSE 'failed' END WHERE state IN ('placed', 'ended');
--> statement-breakpoint
ALTER TABLE commands ADD CONSTRAINT ck_commands_state CHECK (state in ('created', 'sent', 'done', 'partial', 'failed',
  'expired', 'unknown', 'not_executed'));
--> statement-breakpoint
DROP INDEX ix_commands_number;
--> statement-breakpoint
ALTER TABLE commands DROP COLUMN not_before, DROP COLUMN lease_epoch, DROP COLUMN broker_comment;
--> statement-breakpoint
-- Constraints of a dropped column go with it.
ALTER TABLE deployment DROP COLUMN magic_epoch, DROP COLUMN epoch_behind_at, DROP COLUMN epoch_behind_magic;
--> statement-breakpoint
DROP TABLE account_leases;
--> statement-breakpoint
ALTER SEQUENCE command_number MAXVALUE 68719476735;
