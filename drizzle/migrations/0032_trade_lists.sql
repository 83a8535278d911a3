CREATE TABLE "position_terms" (
	"account_id" uuid NOT NULL,
	"deal_ticket" text NOT NULL,
	"initial_stop" numeric(20, 8),
	"tick_size" numeric(20, 8),
	"tick_value_loss" numeric(20, 8),
	"stop_loss" numeric(20, 8),
	"take_profit" numeric(20, 8),
	CONSTRAINT "position_terms_account_id_deal_ticket_pk" PRIMARY KEY("account_id","deal_ticket")
);
--> statement-breakpoint
ALTER TABLE "trades" ADD COLUMN "entry_balance" numeric(20, 8);--> statement-breakpoint
ALTER TABLE "position_terms" ADD CONSTRAINT "position_terms_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "ix_broker_deals_close_by" ON "broker_deals" USING btree ("account_id","order_ticket") WHERE "broker_deals"."entry" = 'out_by';--> statement-breakpoint
CREATE INDEX "ix_trades_account_closed" ON "trades" USING btree ("account_id",coalesce("closed_at", 'infinity'::timestamptz) DESC,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_trades_account_net" ON "trades" USING btree ("account_id","net" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_trades_user_opened" ON "trades" USING btree ("user_id","opened_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_trades_user_closed" ON "trades" USING btree ("user_id",coalesce("closed_at", 'infinity'::timestamptz) DESC,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_trades_user_net" ON "trades" USING btree ("user_id","net" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_trades_user_instrument" ON "trades" USING btree ("user_id","instrument","opened_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_trades_opened" ON "trades" USING btree ("opened_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_trades_closed" ON "trades" USING btree (coalesce("closed_at", 'infinity'::timestamptz) DESC,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_trades_net" ON "trades" USING btree ("net" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_trades_unsettled" ON "trades" USING btree ("account_id","position_id") WHERE "trades"."status" <> 'closed';--> statement-breakpoint
-- What trades knew of their stops until now, and what is still known of what our own commands risked.
INSERT INTO position_terms (account_id, deal_ticket, initial_stop, tick_size, tick_value_loss, stop_loss, take_profit)
  SELECT t.account_id, first.ticket, (c.instruction->'order'->>'stop_loss')::numeric, (y.spec->>'tick_size')::numeric,
    (y.spec->>'tick_value_loss')::numeric, t.stop_loss, t.take_profit
  FROM trades t
  CROSS JOIN LATERAL (SELECT d.ticket FROM broker_deals d WHERE d.account_id = t.account_id AND d.position_id = t.position_id
    AND d.type IN ('buy', 'sell') AND d.entry = 'in'
    AND d.reason NOT IN ('rollover', 'vmargin', 'split', 'corporate_action') ORDER BY d.time, d.ticket::numeric LIMIT 1) first
  LEFT JOIN commands c ON c.id = t.command_id
  LEFT JOIN account_symbols y ON y.account_id = t.account_id AND y.symbol = t.symbol AND c.id IS NOT NULL
  WHERE c.id IS NOT NULL OR t.stop_loss IS NOT NULL OR t.take_profit IS NOT NULL;
