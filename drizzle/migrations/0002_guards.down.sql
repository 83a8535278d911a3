ALTER TABLE commands DROP CONSTRAINT ck_commands_target;
--> statement-breakpoint
ALTER TABLE commands DROP CONSTRAINT ck_commands_trip;
--> statement-breakpoint
-- What was closed for a guard's sake names it no more, and its cancellations of others' orders have nothing else to name.
DELETE FROM commands WHERE kind = 'cancel' AND target_id IS NULL;
--> statement-breakpoint
ALTER TABLE commands DROP COLUMN trip_id;
--> statement-breakpoint
ALTER TABLE commands ADD CONSTRAINT ck_commands_target CHECK ((kind = 'cancel') = (target_id IS NOT NULL));
--> statement-breakpoint
ALTER TABLE accounts DROP COLUMN guard_phase;
--> statement-breakpoint
DROP TABLE guards;
--> statement-breakpoint
DROP TABLE guard_trips;
