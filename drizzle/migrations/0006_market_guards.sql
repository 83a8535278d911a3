ALTER TABLE "account_symbols" ADD COLUMN "spreads" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "max_instrument_volume" numeric(18, 8);--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "max_exposure_percent" integer;--> statement-breakpoint
ALTER TABLE "account_symbols" ADD CONSTRAINT "ck_account_symbols_spreads" CHECK (jsonb_typeof("account_symbols"."spreads") = 'object');--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "ck_accounts_max_instrument" CHECK ("accounts"."max_instrument_volume" > 0);--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "ck_accounts_max_exposure" CHECK ("accounts"."max_exposure_percent" between 1 and 100000);