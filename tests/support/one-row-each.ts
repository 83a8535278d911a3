/** One row in every table, each naming the others where it must: what a migration meets in a deployment that lives. */
import type pg from 'pg';

const id = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const AT = `'2026-03-02T10:00:00Z'`;
export const ROW_IDS = {
  user: id(1),
  producer: id(2),
  bridge: id(3),
  account: id(4),
  signal: id(5),
  approval: id(6),
  command: id(7),
  trade: id(8),
};
const { user, producer, bridge, account, signal, approval, command, trade } = ROW_IDS;

/** In the order of their references. `deployment` has its row from the migration. */
const ROWS: Record<string, string> = {
  users: `(id, email, name, role, created_at) VALUES ('${user}', 'one@example.test', 'One', 'owner', ${AT})`,
  access_tokens: `(id, user_id, name, token_sha256, scopes, created_by, created_at, expires_at)
    VALUES ('${id(20)}', '${user}', 'one', 'hash', '{admin}', '${user}', ${AT}, ${AT})`,
  instruments: `(symbol, digits, enabled, created_at) VALUES ('XAUUSD', 2, true, ${AT})`,
  trading_calendars: `(id, version, definition, valid_from, created_at) VALUES ('one', 1, '{}', ${AT}, ${AT})`,
  symbol_calendars: `(broker_server, symbol, source, calendar_id, updated_at)
    VALUES ('*', 'XAUUSD', 'override', 'one', ${AT})`,
  producers: `(id, owner_id, name, instruments, dedup_scope, dedup_window_seconds, max_age_seconds, rate_per_minute, created_at)
    VALUES ('${producer}', '${user}', 'one', '{XAUUSD}', '${producer}', 300, 900, 600, ${AT})`,
  producer_secrets: `(producer_id, version, key_id, iv, ciphertext, created_at)
    VALUES ('${producer}', 1, 'k', 'iv', 'c', ${AT})`,
  producer_hooks: `(producer_id, version, token_sha256, created_at) VALUES ('${producer}', 1, 'hash', ${AT})`,
  refusals: `(id, producer_id, lane, reason, errors, excerpt, request_id, created_at)
    VALUES ('${id(25)}', '${producer}', 'native', 'invalid-body', '[]', '{}', 'r', ${AT})`,
  signal_batches: `(id, producer_id, mac, request_id, refused, outcome, created_at)
    VALUES ('${id(26)}', '${producer}', 'mac', 'r', '[]', '[]', ${AT})`,
  subscriptions: `(producer_id, user_id, created_at) VALUES ('${producer}', '${user}', ${AT})`,
  bridges: `(id, owner_id, name, url, created_at) VALUES ('${bridge}', '${user}', 'one', 'https://b.example.test', ${AT})`,
  bridge_secrets: `(bridge_id, version, key_id, iv, ciphertext, created_at) VALUES ('${bridge}', 1, 'k', 'iv', 'c', ${AT})`,
  accounts: `(id, user_id, bridge_id, name, halted, order_volume, version, created_at, updated_at)
    VALUES ('${account}', '${user}', '${bridge}', 'one', true, 0.01, 0, ${AT}, ${AT})`,
  account_symbols: `(account_id, symbol, spec, pending_buy, pending_sell, snapshot_at)
    VALUES ('${account}', 'XAUUSD', '{}', 0, 0, ${AT})`,
  account_leases: `(account_id, epoch, expires_at) VALUES ('${account}', 1, ${AT})`,
  reconcile_leases: `(account_id, epoch, expires_at) VALUES ('${account}', 1, ${AT})`,
  account_producers: `(account_id, producer_id, created_at) VALUES ('${account}', '${producer}', ${AT})`,
  consents: `(version, text, sha256, created_by, created_at) VALUES (1, 'text', 'hash', '${user}', ${AT})`,
  signals: `(id, user_id, producer_id, dedup_scope, dedup_window_ms, instrument, side, intent, order_type, price, time,
      time_given, expires_at, version, schema, content_sha256, mac, trust, stale, status, received_at, created_at, updated_at)
    VALUES ('${signal}', '${user}', '${producer}', '${producer}', 300000, 'XAUUSD', 0, 'open', 'market', 2000, ${AT},
      false, ${AT}, '1', 1, 'hash', 'mac', 'signed', false, 0, ${AT}, ${AT}, ${AT})`,
  deliveries: `(signal_id, user_id, status, created_at, updated_at) VALUES ('${signal}', '${user}', 1, ${AT}, ${AT})`,
  approvals: `(id, signal_id, user_id, decision, account_id, channel, consent_version, consent_sha256, terms, terms_sha256,
      terms_shown, created_at)
    VALUES ('${approval}', '${signal}', '${user}', 1, '${account}', 'token', 1, 'hash', '{}', 'hash', 0, ${AT})`,
  approval_clients: `(approval_id, address, user_agent, created_at) VALUES ('${approval}', '192.0.2.1', 'agent', ${AT})`,
  commands: `(id, account_id, approval_id, signal_id, kind, symbol, instruction, magic, comment, attempt, state, expires_at,
      negative_lookups, created_at, updated_at)
    VALUES ('${command}', '${account}', '${approval}', '${signal}', 'open', 'XAUUSD', '{}', 1, 'cs', 0, 'done', ${AT}, 0,
      ${AT}, ${AT})`,
  guards: `(account_id, settings, state, updated_at) VALUES ('${account}', '{}', '{}', ${AT})`,
  guard_trips: `(id, account_id, cause, shadow, scope, evidence, warned_at, deadline_at, triggered_at)
    VALUES ('${id(27)}', '${account}', 'drawdown', false, 'all', '{}', ${AT}, ${AT}, ${AT})`,
  exits: `(approval_id, account_id, state, next_at, expires_at, created_at, updated_at)
    VALUES ('${approval}', '${account}', 'open', ${AT}, ${AT}, ${AT}, ${AT})`,
  broker_deals: `(account_id, ticket, order_ticket, position_id, time, type, entry, magic, reason, symbol, volume, price,
      commission, swap, profit, fee, comment, external_id, recorded_at)
    VALUES ('${account}', '1', '1', '1', ${AT}, 'buy', 'in', 1, 'expert', 'XAUUSD', 1, 1, 0, 0, 0, 0, '', '', ${AT})`,
  broker_orders: `(account_id, ticket, state, type, symbol, magic, position_id, volume_initial, volume_current, price_open,
      time_setup, comment, recorded_at)
    VALUES ('${account}', '1', 'filled', 'buy', 'XAUUSD', 1, '1', 1, 0, 1, ${AT}, '', ${AT})`,
  trades: `(id, account_id, user_id, instrument, position_id, command_id, signal_id, source, symbol, side, status, volume, volume_open,
      entry_price, profit, swap, commission, fee, net, opened_at, updated_at)
    VALUES ('${trade}', '${account}', '${user}', 'XAUUSD', '1', '${command}', '${signal}', 'bot', 'XAUUSD', 'buy', 'open', 1, 1, 1, 0, 0, 0, 0,
      0, ${AT}, ${AT})`,
  trade_legs: `(account_id, deal_ticket, trade_id, leg, source, instrument, side, volume, exit_price, profit, swap, commission,
      fee, net, opened_at, closed_at)
    VALUES ('${account}', '1', '${trade}', 0, 'bot', 'XAUUSD', 'buy', 1, 1, 0, 0, 0, 0, 0, ${AT}, ${AT})`,
  position_terms: `(account_id, deal_ticket, initial_stop, tick_size, tick_value_loss, stop_loss, take_profit)
    VALUES ('${account}', '1', 1, 1, 1, 1, 1)`,
  equity_points: `(account_id, at, balance, credit, equity, booked, flowed) VALUES ('${account}', ${AT}, 1, 0, 1, 1, 1)`,
  positions: `(account_id, identifier, ticket, symbol, side, volume, price_open, price_current, swap, profit, magic, comment,
      opened_at, snapshot_at)
    VALUES ('${account}', '1', '1', 'XAUUSD', 'buy', 1, 1, 1, 0, 0, '1', '', ${AT}, ${AT})`,
  divergences: `(id, account_id, code, broker_key, evidence, status, detected_at)
    VALUES ('${id(21)}', '${account}', 'VOLUME_GAP', '1', '{}', 'open', ${AT})`,
  reconciliation_runs: `(id, account_id, outcome, new_deals, events, started_at, finished_at)
    VALUES ('${id(22)}', '${account}', 'applied', 1, '[]', ${AT}, ${AT})`,
  schedule_ticks: `(minute, claimed_at) VALUES (${AT}, ${AT})`,
  candles: `(account_id, symbol, timeframe, time, open, high, low, close, volume)
    VALUES ('${account}', 'XAUUSD', 'M5', ${AT}, 1, 1, 1, 1, 1)`,
  charts: `(digest, user_id, kind, private, spec, alt, created_at, expires_at)
    VALUES ('d', '${user}', 'candlestick', true, '{}', '', ${AT}, ${AT})`,
  chart_drawings: `(digest, format, fence, drawing_until, bytes) VALUES ('d', 'png', 1, ${AT}, 1)`,
  chart_costs: `(user_id, day, cost) VALUES ('${user}', '2026-03-02', 1)`,
  bridge_nonces: `(bridge_id, nonce, seen_at) VALUES ('${bridge}', 'one', ${AT})`,
  bridge_candle_wishes: `(id, bridge_id, symbol, timeframe, bars, created_at)
    VALUES ('${id(29)}', '${bridge}', 'XAUUSD', 'M5', 1, ${AT})`,
  bridge_contacts: `(bridge_id, heard_at, outcome, failures, next_at, updated_at)
    VALUES ('${bridge}', ${AT}, 'applied', 0, ${AT}, ${AT})`,
  alerts: `(id, kind, subject_kind, subject_id, period, user_id, detail, event_id, created_at)
    VALUES ('${id(27)}', 'bridge-silent', 'account', '${account}', 'p', '${user}', '{}', '${id(23)}', ${AT})`,
  alert_destinations: `(id, owner_id, user_id, channel, name, address, created_at)
    VALUES ('${id(28)}', '${user}', '${user}', 'webhook', 'one', 'https://a.example.test', ${AT})`,
  alert_destination_secrets: `(destination_id, version, key_id, iv, ciphertext, created_at)
    VALUES ('${id(28)}', 1, 'k', 'iv', 'c', ${AT})`,
  alert_deliveries: `(alert_id, destination_id, attempts, doubtful, not_before, sent_at, updated_at)
    VALUES ('${id(27)}', '${id(28)}', 1, false, ${AT}, ${AT}, ${AT})`,
  outbox: `(id, topic, payload, created_at, available_at, attempts)
    VALUES ('${id(23)}', 'signal.created', '{}', ${AT}, ${AT}, 0)`,
  metric_totals: `(metric, label, value) VALUES ('one_total', '', 1)`,
  metric_cursors: `(metric, counted_to, candidate, candidate_xid) VALUES ('one_total', ${AT}, ${AT}, 1)`,
  order_refusals: `(signal_id, user_id, reason, at) VALUES ('${signal}', '${user}', 'signal-stale', ${AT})`,
  audit_log: `(id, at, actor_kind, actor_id, action, subject_kind, subject_id, detail, request_id)
    VALUES ('${id(24)}', ${AT}, 'user', '${user}', 'a', 'b', 'c', '{}', 'r')`,
  audit_seals: `(seq, upto_xact, upto_id, rows, entries, sha256, sealed_at)
    VALUES (1, 1, '${id(24)}', 1, 'e', 'hash', ${AT})`,
};

/** Every table of the schema, sorted. */
export const TABLES: readonly string[] = [...Object.keys(ROWS), 'deployment'].sort();

/** Fills the tables, as their owner. */
export async function fillEveryTable(client: pg.Client): Promise<void> {
  for (const [table, rest] of Object.entries(ROWS)) await client.query(`INSERT INTO ${table} ${rest}`);
}

/** How many rows each table holds. */
export async function countRows(client: pg.Client): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of TABLES) {
    const { rows } = await client.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`);
    counts[table] = rows[0]?.n ?? -1;
  }
  return counts;
}
