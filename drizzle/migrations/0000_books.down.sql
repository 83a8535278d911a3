DROP TABLE
  access_tokens, account_leases, account_producers, account_symbols, accounts, alert_deliveries,
  alert_destination_secrets, alert_destinations, alerts, approval_clients, approvals, audit_log,
  audit_seals, bridge_candle_wishes, bridge_contacts, bridge_nonces, bridge_secrets, bridges, broker_deals,
  broker_orders, candles, charts, commands, consents, deliveries, deployment, divergences, equity_points,
  exits, instruments, metric_cursors, metric_totals, order_refusals, outbox, position_terms, positions,
  producer_hooks, producer_secrets, producers, reconcile_leases, reconciliation_runs, refusals,
  schedule_ticks, signal_batches, signals, subscriptions, symbol_calendars, trade_legs, trades,
  trading_calendars, users
  CASCADE;
--> statement-breakpoint
DROP SEQUENCE command_number;
