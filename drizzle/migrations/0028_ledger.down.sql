ALTER TABLE accounts DROP CONSTRAINT ck_accounts_imported;
--> statement-breakpoint
ALTER TABLE trades DROP CONSTRAINT ck_trades_source, DROP CONSTRAINT ck_trades_episode;
--> statement-breakpoint
ALTER TABLE divergences DROP CONSTRAINT ck_divergences_policy, DROP CONSTRAINT ck_divergences_resolution,
  DROP CONSTRAINT ck_divergences_resolved;
--> statement-breakpoint
DROP INDEX ux_accounts_imported, ux_trades_position, ix_broker_deals_account;
--> statement-breakpoint
DROP TABLE trade_legs, equity_points;
--> statement-breakpoint
-- The older code knows neither histories without a bridge, nor later lives of a position, nor restated deals.
DELETE FROM trades WHERE episode > 0 OR account_id IN (SELECT id FROM accounts WHERE bridge_id IS NULL);
--> statement-breakpoint
DELETE FROM broker_deals WHERE revision > 0 OR account_id IN (SELECT id FROM accounts WHERE bridge_id IS NULL);
--> statement-breakpoint
DELETE FROM broker_orders WHERE account_id IN (SELECT id FROM accounts WHERE bridge_id IS NULL);
--> statement-breakpoint
DELETE FROM accounts WHERE bridge_id IS NULL;
--> statement-breakpoint
ALTER TABLE accounts DROP COLUMN unverified_at, ALTER COLUMN bridge_id SET NOT NULL;
--> statement-breakpoint
ALTER TABLE trades DROP COLUMN user_id, DROP COLUMN episode, DROP COLUMN approval_id, DROP COLUMN strategy,
  DROP COLUMN timeframe, DROP COLUMN instrument, DROP COLUMN initial_stop, DROP COLUMN closed_by, DROP COLUMN pips,
  DROP COLUMN r_multiple, DROP COLUMN equity_percent;
--> statement-breakpoint
ALTER TABLE divergences DROP COLUMN policy, DROP COLUMN seen_at, DROP COLUMN resolution, DROP COLUMN resolved_by,
  DROP COLUMN resolution_reason, DROP COLUMN signal_id;
--> statement-breakpoint
ALTER TABLE broker_deals DROP CONSTRAINT broker_deals_account_id_ticket_revision_pk;
--> statement-breakpoint
ALTER TABLE broker_deals DROP COLUMN revision;
--> statement-breakpoint
ALTER TABLE broker_deals ADD CONSTRAINT broker_deals_account_id_ticket_pk PRIMARY KEY (account_id, ticket);
--> statement-breakpoint
CREATE UNIQUE INDEX ux_trades_position ON trades USING btree (account_id, position_id);
