-- The runtime's role owns nothing. What is append-only is so because the role has no other right on it:
-- a trigger would be bypassed by TRUNCATE and by the owner.
DO $$ BEGIN
  CREATE ROLE countersign_runtime LOGIN NOINHERIT NOCREATEDB NOCREATEROLE;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
--> statement-breakpoint
REVOKE ALL ON SCHEMA public FROM PUBLIC;
--> statement-breakpoint
GRANT USAGE ON SCHEMA public TO countersign_runtime;
--> statement-breakpoint
GRANT SELECT ON ALL TABLES IN SCHEMA public TO countersign_runtime;
--> statement-breakpoint
GRANT USAGE ON SEQUENCE command_number TO countersign_runtime;
--> statement-breakpoint
-- Append-only: audit, consents, approvals, broker facts, runs.
GRANT INSERT ON audit_log, consents, approvals, broker_deals, broker_orders, reconciliation_runs TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT ON users, access_tokens, instruments, producers, producer_secrets, subscriptions, signals, deliveries,
  bridges, bridge_secrets, accounts, account_producers, approval_clients, commands, trades, positions, divergences,
  schedule_ticks, candles, charts, outbox TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (name, role, disabled_at) ON users TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (revoked_at) ON access_tokens TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (enabled, digits) ON instruments TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (name, instruments, dedup_window_seconds, max_age_seconds, rate_per_minute, revoked_at) ON producers
  TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (expires_at) ON producer_secrets, bridge_secrets TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (status, updated_at) ON signals TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (status, refusal, updated_at) ON deliveries TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (name, url, revoked_at) ON bridges TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (name, server, login, currency, margin_mode, trade_mode, bound_at, halted, order_volume, version, boot_id,
  bridge_seq, snapshot_at, deals_cursor, state, updated_at) ON accounts TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (state, sent_at, resolved_at, negative_lookups, looked_up_at, retcode, reason, order_ticket, position_id,
  updated_at) ON commands TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE ON trades, positions TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (status, resolved_at) ON divergences TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (finished_at) ON schedule_ticks TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (expires_at, revoked_at) ON charts TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (available_at, attempts, done_at, dead_at, last_error) ON outbox TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (halted, updated_at) ON deployment TO countersign_runtime;
--> statement-breakpoint
GRANT DELETE ON positions, subscriptions, account_producers, approval_clients, schedule_ticks, outbox, charts
  TO countersign_runtime;
--> statement-breakpoint
-- One row, made here because the runtime may not insert it. The namespace tells this deployment's orders from
-- those of another one on the same broker account.
INSERT INTO deployment (id, halted, magic_namespace, updated_at)
  VALUES (1, false, 1 + floor(random() * 8190)::smallint, '1970-01-01T00:00:00Z');
