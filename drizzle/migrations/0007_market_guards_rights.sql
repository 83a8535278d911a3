GRANT UPDATE (spreads) ON account_symbols TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (max_instrument_volume, max_exposure_percent) ON accounts TO countersign_runtime;
