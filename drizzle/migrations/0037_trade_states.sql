DROP INDEX "ix_trades_user_instrument";--> statement-breakpoint
CREATE INDEX "ix_trades_user_status" ON "trades" USING btree ("user_id","status","opened_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_trades_user_instrument" ON "trades" USING btree ("user_id","instrument","opened_at" DESC NULLS FIRST,"id" DESC NULLS FIRST,"status");