ALTER TABLE commands DROP COLUMN instrument;
--> statement-breakpoint
-- The older code takes what was read for all there is: it has to ask from the beginning again.
UPDATE accounts SET deals_cursor = NULL WHERE history_until IS NOT NULL;
--> statement-breakpoint
ALTER TABLE accounts DROP COLUMN history_until;
--> statement-breakpoint
ALTER TABLE candles DROP CONSTRAINT candles_account_id_symbol_timeframe_time_pk;
--> statement-breakpoint
-- A symbol that has the name of an instrument which stands for another symbol has no name in the older schema.
DELETE FROM candles c USING accounts a WHERE a.id = c.account_id AND a.symbols ->> c.symbol <> c.symbol
  AND instrument_of(a.symbols, c.symbol) = c.symbol;
--> statement-breakpoint
UPDATE candles c SET symbol = instrument_of(a.symbols, c.symbol) FROM accounts a
  WHERE a.id = c.account_id AND instrument_of(a.symbols, c.symbol) <> c.symbol;
--> statement-breakpoint
ALTER TABLE candles RENAME COLUMN symbol TO instrument;
--> statement-breakpoint
ALTER TABLE candles ADD CONSTRAINT candles_account_id_instrument_timeframe_time_pk
  PRIMARY KEY (account_id, instrument, timeframe, time);
