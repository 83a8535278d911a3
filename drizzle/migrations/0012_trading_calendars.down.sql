DROP TABLE symbol_calendars;
--> statement-breakpoint
DROP TABLE trading_calendars;
