DROP INDEX "ix_trades_unsettled";
--> statement-breakpoint
DROP INDEX "ix_trades_net";
--> statement-breakpoint
DROP INDEX "ix_trades_closed";
--> statement-breakpoint
DROP INDEX "ix_trades_opened";
--> statement-breakpoint
DROP INDEX "ix_trades_user_instrument";
--> statement-breakpoint
DROP INDEX "ix_trades_user_net";
--> statement-breakpoint
DROP INDEX "ix_trades_user_closed";
--> statement-breakpoint
DROP INDEX "ix_trades_user_opened";
--> statement-breakpoint
DROP INDEX "ix_trades_account_net";
--> statement-breakpoint
DROP INDEX "ix_trades_account_closed";
--> statement-breakpoint
DROP INDEX "ix_broker_deals_close_by";
--> statement-breakpoint
ALTER TABLE "trades" DROP COLUMN "entry_balance";
--> statement-breakpoint
DROP TABLE "position_terms";
