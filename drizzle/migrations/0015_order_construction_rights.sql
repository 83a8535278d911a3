-- What our instrument is, of a broker's symbol on an account: the inverse of the account's `symbols`. In SQL because
-- every list of trades, positions and orders shows and filters by it.
CREATE FUNCTION instrument_of(symbols jsonb, symbol text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN coalesce((SELECT e.key FROM jsonb_each_text(symbols) AS e(key, value) WHERE e.value = symbol ORDER BY e.key LIMIT 1), symbol);
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE (spec, pending_buy, pending_sell, snapshot_at) ON account_symbols TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (risk_bps, risk_base, max_volume, max_positions, min_stop_points, reward_ratio, max_spread_points,
  commission_per_lot, margin_share_bps, instruments, symbols, orders_made) ON accounts TO countersign_runtime;
