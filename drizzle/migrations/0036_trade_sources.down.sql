DROP INDEX "ix_trades_user_source";
