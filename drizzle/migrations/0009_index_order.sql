DROP INDEX "ix_approvals_user_created";--> statement-breakpoint
DROP INDEX "ix_audit_log_at";--> statement-breakpoint
DROP INDEX "ix_deliveries_user_created";--> statement-breakpoint
DROP INDEX "ix_divergences_account";--> statement-breakpoint
DROP INDEX "ix_reconciliation_runs_account";--> statement-breakpoint
DROP INDEX "ix_signals_user_created";--> statement-breakpoint
DROP INDEX "ix_signals_instrument_status";--> statement-breakpoint
DROP INDEX "ix_trades_account_opened";--> statement-breakpoint
CREATE INDEX "ix_approvals_user_created" ON "approvals" USING btree ("user_id","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_audit_log_at" ON "audit_log" USING btree ("at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_deliveries_user_created" ON "deliveries" USING btree ("user_id","created_at" DESC NULLS FIRST,"signal_id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_divergences_account" ON "divergences" USING btree ("account_id","detected_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_reconciliation_runs_account" ON "reconciliation_runs" USING btree ("account_id","started_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_signals_user_created" ON "signals" USING btree ("user_id","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_signals_instrument_status" ON "signals" USING btree ("instrument","status","created_at" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_trades_account_opened" ON "trades" USING btree ("account_id","opened_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);