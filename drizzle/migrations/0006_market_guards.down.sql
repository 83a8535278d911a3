ALTER TABLE accounts DROP COLUMN max_exposure_percent;
--> statement-breakpoint
ALTER TABLE accounts DROP COLUMN max_instrument_volume;
--> statement-breakpoint
ALTER TABLE account_symbols DROP COLUMN spreads;
