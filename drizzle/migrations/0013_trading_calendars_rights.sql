-- A calendar's change is a version of its own; which one an instrument has is changed in place, with its audit row.
GRANT SELECT, INSERT ON trading_calendars TO countersign_runtime;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE (calendar_id, updated_at) ON symbol_calendars TO countersign_runtime;
