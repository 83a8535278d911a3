REVOKE UPDATE (max_instrument_volume, max_exposure_percent) ON accounts FROM countersign_runtime;
--> statement-breakpoint
REVOKE UPDATE (spreads) ON account_symbols FROM countersign_runtime;
