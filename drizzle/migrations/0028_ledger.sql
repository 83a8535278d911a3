CREATE TABLE "equity_points" (
	"account_id" uuid NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"balance" numeric(20, 8) NOT NULL,
	"credit" numeric(20, 8) NOT NULL,
	"equity" numeric(20, 8) NOT NULL,
	CONSTRAINT "equity_points_account_id_at_pk" PRIMARY KEY("account_id","at")
);
--> statement-breakpoint
CREATE TABLE "trade_legs" (
	"trade_id" uuid NOT NULL,
	"leg" smallint NOT NULL,
	"account_id" uuid NOT NULL,
	"deal_ticket" text NOT NULL,
	"source" text NOT NULL,
	"instrument" text NOT NULL,
	"side" text NOT NULL,
	"volume" numeric(20, 8) NOT NULL,
	"exit_price" numeric(20, 8) NOT NULL,
	"profit" numeric(20, 8) NOT NULL,
	"swap" numeric(20, 8) NOT NULL,
	"commission" numeric(20, 8) NOT NULL,
	"fee" numeric(20, 8) NOT NULL,
	"net" numeric(20, 8) NOT NULL,
	"r_multiple" numeric(20, 8),
	"opened_at" timestamp with time zone NOT NULL,
	"closed_at" timestamp with time zone NOT NULL,
	CONSTRAINT "trade_legs_account_id_deal_ticket_pk" PRIMARY KEY("account_id","deal_ticket"),
	CONSTRAINT "ck_trade_legs_source" CHECK ("trade_legs"."source" in ('bot', 'manual'))
);
--> statement-breakpoint
DROP INDEX "ux_trades_position";--> statement-breakpoint
ALTER TABLE "broker_deals" DROP CONSTRAINT "broker_deals_account_id_ticket_pk";--> statement-breakpoint
ALTER TABLE "accounts" ALTER COLUMN "bridge_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "unverified_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "broker_deals" ADD COLUMN "revision" smallint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "broker_deals" ADD CONSTRAINT "broker_deals_account_id_ticket_revision_pk" PRIMARY KEY("account_id","ticket","revision");--> statement-breakpoint
ALTER TABLE "divergences" ADD COLUMN "policy" text DEFAULT 'person' NOT NULL;--> statement-breakpoint
ALTER TABLE "divergences" ADD COLUMN "seen_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "divergences" ADD COLUMN "resolution" text;--> statement-breakpoint
ALTER TABLE "divergences" ADD COLUMN "resolved_by" uuid;--> statement-breakpoint
ALTER TABLE "divergences" ADD COLUMN "resolution_reason" text;--> statement-breakpoint
ALTER TABLE "divergences" ADD COLUMN "signal_id" uuid;--> statement-breakpoint
ALTER TABLE "trades" ADD COLUMN "user_id" uuid;--> statement-breakpoint
ALTER TABLE "trades" ADD COLUMN "episode" smallint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "trades" ADD COLUMN "approval_id" uuid;--> statement-breakpoint
ALTER TABLE "trades" ADD COLUMN "strategy" text;--> statement-breakpoint
ALTER TABLE "trades" ADD COLUMN "timeframe" text;--> statement-breakpoint
ALTER TABLE "trades" ADD COLUMN "instrument" text;--> statement-breakpoint
ALTER TABLE "trades" ADD COLUMN "initial_stop" numeric(20, 8);--> statement-breakpoint
ALTER TABLE "trades" ADD COLUMN "closed_by" text;--> statement-breakpoint
ALTER TABLE "trades" ADD COLUMN "pips" numeric(20, 8);--> statement-breakpoint
ALTER TABLE "trades" ADD COLUMN "r_multiple" numeric(20, 8);--> statement-breakpoint
ALTER TABLE "trades" ADD COLUMN "equity_percent" numeric(20, 8);--> statement-breakpoint
UPDATE trades SET user_id = a.user_id, instrument = coalesce((SELECT c.instrument FROM commands c WHERE c.id = trades.command_id),
  instrument_of(a.symbols, trades.symbol)), approval_id = (SELECT c.approval_id FROM commands c WHERE c.id = trades.command_id)
  FROM accounts a WHERE a.id = trades.account_id;--> statement-breakpoint
ALTER TABLE "trades" ALTER COLUMN "user_id" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "trades" ALTER COLUMN "instrument" SET NOT NULL;--> statement-breakpoint
-- The whole history is asked for again: what was closed before has no realised parts yet.
UPDATE accounts SET deals_cursor = NULL;--> statement-breakpoint
ALTER TABLE "equity_points" ADD CONSTRAINT "equity_points_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trade_legs" ADD CONSTRAINT "trade_legs_trade_id_trades_id_fk" FOREIGN KEY ("trade_id") REFERENCES "public"."trades"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trade_legs" ADD CONSTRAINT "trade_legs_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "ix_trade_legs_trade" ON "trade_legs" USING btree ("trade_id","leg");--> statement-breakpoint
CREATE INDEX "ix_trade_legs_closed" ON "trade_legs" USING btree ("account_id","closed_at");--> statement-breakpoint
ALTER TABLE "divergences" ADD CONSTRAINT "divergences_resolved_by_users_id_fk" FOREIGN KEY ("resolved_by") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "divergences" ADD CONSTRAINT "divergences_signal_id_signals_id_fk" FOREIGN KEY ("signal_id") REFERENCES "public"."signals"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trades" ADD CONSTRAINT "trades_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trades" ADD CONSTRAINT "trades_approval_id_approvals_id_fk" FOREIGN KEY ("approval_id") REFERENCES "public"."approvals"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "ux_accounts_imported" ON "accounts" USING btree ("user_id","name") WHERE "accounts"."bridge_id" is null;--> statement-breakpoint
CREATE INDEX "ix_broker_deals_account" ON "broker_deals" USING btree ("account_id","time") WHERE "broker_deals"."position_id" = '0';--> statement-breakpoint
CREATE UNIQUE INDEX "ux_trades_position" ON "trades" USING btree ("account_id","position_id","episode");--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "ck_accounts_imported" CHECK ("accounts"."bridge_id" is not null or ("accounts"."halted" and "accounts"."login" is null));--> statement-breakpoint
ALTER TABLE "broker_deals" ADD CONSTRAINT "ck_broker_deals_revision" CHECK ("broker_deals"."revision" >= 0);--> statement-breakpoint
ALTER TABLE "divergences" ADD CONSTRAINT "ck_divergences_policy" CHECK ("divergences"."policy" in ('notice', 'automatic', 'person'));--> statement-breakpoint
ALTER TABLE "divergences" ADD CONSTRAINT "ck_divergences_resolution" CHECK ("divergences"."resolution" in ('noted', 'settled', 'adopted', 'ignored', 'closed'));--> statement-breakpoint
ALTER TABLE "divergences" ADD CONSTRAINT "ck_divergences_resolved" CHECK (("divergences"."status" = 'resolved') = ("divergences"."resolved_at" is not null));--> statement-breakpoint
ALTER TABLE "trades" ADD CONSTRAINT "ck_trades_source" CHECK ("trades"."source" in ('bot', 'manual'));--> statement-breakpoint
ALTER TABLE "trades" ADD CONSTRAINT "ck_trades_episode" CHECK ("trades"."episode" >= 0);