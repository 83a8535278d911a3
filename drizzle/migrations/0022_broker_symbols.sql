ALTER TABLE "candles" RENAME COLUMN "instrument" TO "symbol";--> statement-breakpoint
ALTER TABLE "candles" DROP CONSTRAINT "candles_account_id_instrument_timeframe_time_pk";--> statement-breakpoint
-- Bars stood under our name of an instrument, and now stand under the broker's. Where those of that very name are there too,
-- they are surely that symbol's, and stay; nobody knows of which symbol the others were.
DELETE FROM candles c USING accounts a, candles o WHERE a.id = c.account_id AND a.symbols ->> c.symbol <> c.symbol
  AND NOT a.symbols ? (a.symbols ->> c.symbol) AND o.account_id = c.account_id AND o.symbol = a.symbols ->> c.symbol
  AND o.timeframe = c.timeframe AND o.time = c.time;--> statement-breakpoint
UPDATE candles c SET symbol = a.symbols ->> c.symbol FROM accounts a
  WHERE a.id = c.account_id AND a.symbols ->> c.symbol <> c.symbol;--> statement-breakpoint
ALTER TABLE "candles" ADD CONSTRAINT "candles_account_id_symbol_timeframe_time_pk" PRIMARY KEY("account_id","symbol","timeframe","time");--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "history_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "commands" ADD COLUMN "instrument" text;--> statement-breakpoint
UPDATE commands c SET instrument = s.instrument FROM signals s WHERE s.id = c.signal_id;
