REVOKE UPDATE (risk_bps, risk_base, max_volume, max_positions, min_stop_points, reward_ratio, max_spread_points,
  commission_per_lot, margin_share_bps, instruments, symbols, orders_made) ON accounts FROM countersign_runtime;
--> statement-breakpoint
REVOKE ALL ON account_symbols FROM countersign_runtime;
--> statement-breakpoint
DROP FUNCTION instrument_of(jsonb, text);
