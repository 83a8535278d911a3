DROP TABLE
  "access_tokens", "account_producers", "accounts", "approval_clients", "approvals", "audit_log", 
  "bridge_secrets", "bridges", "broker_deals", "broker_orders", "candles", "charts", "commands", 
  "consents", "deliveries", "deployment", "instruments", "outbox", "producer_secrets", "producers", 
  "divergences", "reconciliation_runs", "schedule_ticks", "signals", "subscriptions", "positions", 
  "trades", "users"
  CASCADE;
--> statement-breakpoint
DROP SEQUENCE "command_number";
