CREATE TABLE "account_symbols" (
	"account_id" uuid NOT NULL,
	"symbol" text NOT NULL,
	"spec" jsonb NOT NULL,
	"pending_buy" numeric(20, 8) NOT NULL,
	"pending_sell" numeric(20, 8) NOT NULL,
	"snapshot_at" timestamp with time zone NOT NULL,
	CONSTRAINT "account_symbols_account_id_symbol_pk" PRIMARY KEY("account_id","symbol"),
	CONSTRAINT "ck_account_symbols_pending" CHECK ("account_symbols"."pending_buy" >= 0 and "account_symbols"."pending_sell" >= 0)
);
--> statement-breakpoint
DROP INDEX "ux_commands_approval";--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "risk_bps" smallint;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "risk_base" text DEFAULT 'lesser' NOT NULL;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "max_volume" numeric(18, 8);--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "max_positions" smallint;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "min_stop_points" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "reward_ratio" numeric(8, 4);--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "max_spread_points" integer;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "commission_per_lot" numeric(18, 8) DEFAULT '0' NOT NULL;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "margin_share_bps" smallint;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "instruments" text[];--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "symbols" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "orders_made" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "commands" ADD COLUMN "leg" smallint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "account_symbols" ADD CONSTRAINT "account_symbols_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "ux_commands_approval" ON "commands" USING btree ("approval_id","leg") WHERE "commands"."approval_id" is not null;--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "ck_accounts_risk" CHECK ("accounts"."risk_bps" between 1 and 1000);--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "ck_accounts_risk_base" CHECK ("accounts"."risk_base" in ('lesser', 'equity'));--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "ck_accounts_max_volume" CHECK ("accounts"."max_volume" > 0);--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "ck_accounts_max_positions" CHECK ("accounts"."max_positions" > 0);--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "ck_accounts_min_stop" CHECK ("accounts"."min_stop_points" >= 0);--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "ck_accounts_reward_ratio" CHECK ("accounts"."reward_ratio" > 0);--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "ck_accounts_max_spread" CHECK ("accounts"."max_spread_points" > 0);--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "ck_accounts_commission" CHECK ("accounts"."commission_per_lot" >= 0);--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "ck_accounts_margin_share" CHECK ("accounts"."margin_share_bps" between 1 and 10000);--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "ck_accounts_symbols" CHECK (jsonb_typeof("accounts"."symbols") = 'object');--> statement-breakpoint
ALTER TABLE "commands" ADD CONSTRAINT "ck_commands_kind" CHECK ("commands"."kind" in ('open', 'place', 'close'));--> statement-breakpoint
ALTER TABLE "commands" ADD CONSTRAINT "ck_commands_leg" CHECK ("commands"."leg" >= 0 and ("commands"."leg" = 0 or "commands"."kind" = 'close'));