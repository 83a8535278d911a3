-- What drizzle-kit cannot express: the runtime's role and its rights, the exclusion constraint, the functions, the
-- trigger, and the one row that is there from the start. In the order of the tables' subjects.
--
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
-- It reads every table that 0000_books makes; one that a later migration makes is granted there.
GRANT SELECT ON ALL TABLES IN SCHEMA public TO countersign_runtime;
--> statement-breakpoint
-- Append-only. A calendar's change is a version of its own; an alert is said once and stays; seals are as the rows that
-- they seal.
GRANT INSERT ON audit_log, audit_seals, consents, approvals, broker_deals, broker_orders, reconciliation_runs,
  order_refusals, trading_calendars, candles, alerts TO countersign_runtime;

--> statement-breakpoint
-- Users, tokens and producers.
GRANT INSERT, UPDATE (name, role, disabled_at, max_bridges) ON users TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT, UPDATE (revoked_at) ON access_tokens TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT, UPDATE (name, instruments, dedup_window_seconds, max_age_seconds, rate_per_minute, revoked_at) ON producers
  TO countersign_runtime;
--> statement-breakpoint
-- A secret ends by its date; one that was sealed under an older key of the ring is sealed again under the first.
GRANT INSERT, UPDATE (expires_at, key_id, iv, ciphertext) ON producer_secrets TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT, UPDATE (expires_at) ON producer_hooks TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT, DELETE ON subscriptions TO countersign_runtime;

--> statement-breakpoint
-- Signals. A batch is claimed first and its outcome written after its signals; it and what was refused are pruned by the
-- schedule.
GRANT INSERT, UPDATE (status, updated_at) ON signals TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT, UPDATE (outcome), DELETE ON signal_batches TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT, DELETE ON refusals TO countersign_runtime;
--> statement-breakpoint
CREATE EXTENSION IF NOT EXISTS btree_gist;
--> statement-breakpoint
-- Two signals that both came without a time, received less than the earlier one's window apart, cannot both stand. Alerts
-- are told apart by the hash of their fields as well; signed signals have none. Epoch milliseconds, because
-- timestamptz + interval is not immutable and cannot be indexed.
ALTER TABLE signals ADD CONSTRAINT ex_signals_window EXCLUDE USING gist (
  dedup_scope WITH =,
  instrument WITH =,
  side WITH =,
  version WITH =,
  dedup_key WITH =,
  int8range(
    (extract(epoch FROM received_at AT TIME ZONE 'UTC') * 1000)::bigint,
    (extract(epoch FROM received_at AT TIME ZONE 'UTC') * 1000)::bigint + dedup_window_ms
  ) WITH &&
) WHERE (NOT time_given AND external_id IS NULL);
--> statement-breakpoint
GRANT INSERT, UPDATE (status, refusal, updated_at) ON deliveries TO countersign_runtime;
--> statement-breakpoint
-- Here and not in each statement that fails a delivery, so that none can forget it. 7 is `failed`.
CREATE FUNCTION note_order_refusal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.order_refusals (signal_id, user_id, reason, at)
    VALUES (NEW.signal_id, NEW.user_id, NEW.refusal, NEW.updated_at) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER tr_deliveries_refused AFTER UPDATE OF status ON deliveries FOR EACH ROW
  WHEN (NEW.status = 7 AND OLD.status <> 7 AND NEW.refusal IS NOT NULL) EXECUTE FUNCTION note_order_refusal();
--> statement-breakpoint
GRANT INSERT, DELETE ON approval_clients TO countersign_runtime;

--> statement-breakpoint
-- Bridges and accounts.
GRANT INSERT, UPDATE (name, url, revoked_at) ON bridges TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT, UPDATE (expires_at, key_id, iv, ciphertext) ON bridge_secrets TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT, UPDATE (heard_at, outcome, failures, next_at, slow_for, updated_at) ON bridge_contacts TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT, DELETE ON bridge_nonces, bridge_candle_wishes TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT, UPDATE (name, server, login, currency, margin_mode, trade_mode, bound_at, released_at, bridge_id, next_bridge_id,
  bridge_since, version, boot_id, bridge_seq, snapshot_at, state, deals_cursor, history_until, unverified_at, halted,
  withdraw_pending, trusted_at, epoch_behind_at, epoch_behind_magic, epoch_witness, epoch_dismissed, epoch_doubts, order_volume,
  risk_bps, risk_base, max_volume, max_positions, min_stop_points, reward_ratio, max_spread_points, commission_per_lot,
  margin_share_bps, instruments, symbols, orders_made, updated_at) ON accounts TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT, UPDATE (spec, pending_buy, pending_sell, snapshot_at) ON account_symbols TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT, DELETE ON account_producers TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT, UPDATE (epoch, expires_at) ON account_leases, reconcile_leases TO countersign_runtime;
--> statement-breakpoint
-- What our instrument is, of a broker's symbol on an account: the inverse of the account's `symbols`. In SQL because
-- every list of trades, positions and orders shows and filters by it.
CREATE FUNCTION instrument_of(symbols jsonb, symbol text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN coalesce((SELECT e.key FROM jsonb_each_text(symbols) AS e(key, value) WHERE e.value = symbol ORDER BY e.key LIMIT 1), symbol);

--> statement-breakpoint
-- Commands and exits. A further attempt has a magic of its own; a close is sent with the ticket and the volume that its
-- position has by then. A broker's highest number is compared with the last one given.
GRANT USAGE, SELECT ON SEQUENCE command_number TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT, UPDATE (state, attempt, magic, instruction, not_before, lease_epoch, sent_at, resolved_at, negative_lookups,
  looked_up_at, retcode, broker_comment, reason, order_ticket, position_id, volume_filled, updated_at) ON commands
  TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT, UPDATE (state, reason, acted, next_at, ended_at, updated_at) ON exits TO countersign_runtime;

--> statement-breakpoint
-- The ledger. Derived data: what a restated deal takes away goes.
GRANT INSERT, UPDATE, DELETE ON trades, trade_legs, positions, equity_points TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT, UPDATE (stop_loss, take_profit) ON position_terms TO countersign_runtime;
--> statement-breakpoint
-- A divergence that comes again stands from then on.
GRANT INSERT, UPDATE (status, detected_at, seen_at, policy, evidence, resolved_at, resolution, resolved_by, resolution_reason,
  signal_id) ON divergences TO countersign_runtime;

--> statement-breakpoint
-- The market. Which calendar an instrument has is changed in place, with its audit row.
GRANT INSERT, UPDATE (enabled, digits) ON instruments TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT, UPDATE (calendar_id, updated_at) ON symbol_calendars TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT, UPDATE (expires_at, revoked_at), DELETE ON charts TO countersign_runtime;

--> statement-breakpoint
-- Alerts: what became of one at its destinations is written as it goes.
GRANT INSERT, UPDATE (revoked_at) ON alert_destinations TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT, UPDATE (expires_at, key_id, iv, ciphertext) ON alert_destination_secrets TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT, UPDATE (attempts, doubtful, word, not_before, sent_at, updated_at) ON alert_deliveries TO countersign_runtime;

--> statement-breakpoint
-- The schedule, the outbox and the metrics.
GRANT INSERT, UPDATE (finished_at), DELETE ON schedule_ticks TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT, UPDATE (available_at, attempts, done_at, dead_at, last_error), DELETE ON outbox TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT, UPDATE (value) ON metric_totals TO countersign_runtime;
--> statement-breakpoint
GRANT INSERT, UPDATE (counted_to, candidate, candidate_xid) ON metric_cursors TO countersign_runtime;

--> statement-breakpoint
GRANT UPDATE (halted, halted_at, halted_by, halt_reason, withdraw_pending, magic_epoch, epoch_behind_at, epoch_behind_magic,
  epoch_doubts, updated_at) ON deployment TO countersign_runtime;
--> statement-breakpoint
-- One row, made here because the runtime may not insert it. The namespace tells this deployment's orders from
-- those of another one on the same broker account.
INSERT INTO deployment (id, halted, magic_namespace, updated_at)
  VALUES (1, false, 1 + floor(random() * 8190)::smallint, '1970-01-01T00:00:00Z');
