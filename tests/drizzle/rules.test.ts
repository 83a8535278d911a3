import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillEveryTable, ROW_IDS } from '../support/one-row-each.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let t: TestDatabase;
let owner: pg.Client;
beforeAll(async () => {
  t = await createTestDatabase();
  owner = await t.connect('owner');
  await fillEveryTable(owner);
});
afterAll(() => t?.drop());

/** What the owner is told, who may do anything but break a rule; nothing stays. */
async function errorOf(text: string): Promise<unknown> {
  await owner.query('BEGIN');
  const error: unknown = await owner.query(text).then(
    () => 'it went through',
    (e: unknown) => e,
  );
  await owner.query('ROLLBACK');
  return error;
}

const { signal, user, approval, account } = ROW_IDS;
const copy = (table: string, changed: Record<string, string>, id = 'gen_random_uuid()') =>
  `INSERT INTO ${table} SELECT (jsonb_populate_record(x, ${Object.entries(changed)
    .map(([k, v]) => `jsonb_build_object('${k}', ${v})`)
    .concat([`jsonb_build_object('id', ${id})`])
    .join(' || ')})).* FROM ${table} x`;

/** Of the one command there is. */
const cancellation = (magic: number): Record<string, string> => ({
  ...{ kind: `'cancel'`, target_id: 'x.id', approval_id: 'NULL', state: `'created'`, magic: String(magic) },
});

const ofTrip = (magic: number): Record<string, string> => ({
  ...{ kind: `'close'`, trip_id: '(SELECT id FROM guard_trips)', approval_id: 'NULL', state: `'created'` },
  ...{ instruction: `'{"pre": {"position_id": "7"}}'::jsonb`, magic: String(magic) },
});

const ANOTHER = `'00000000-0000-7000-8000-000000000099'`;

/** A statement that breaks each check constraint of the schema. */
const CHECKS: [string, string][] = [
  ['ck_approvals_decision', copy('approvals', { decision: '2' })],
  ['ck_approvals_account', copy('approvals', { account_id: 'NULL' })],
  ['ck_users_role', `UPDATE users SET role = 'root'`],
  ['ck_users_bridges', 'UPDATE users SET max_bridges = -1'],
  ['ck_users_email', `UPDATE users SET email = 'One@example.test'`],
  ['ck_instruments_symbol', `UPDATE instruments SET symbol = 'xau'`],
  ['ck_instruments_digits', 'UPDATE instruments SET digits = 9'],
  ['ck_trading_calendars_version', 'UPDATE trading_calendars SET version = 0'],
  ['ck_symbol_calendars_source', `UPDATE symbol_calendars SET source = 'default', broker_server = 'One'`],
  ['ck_symbol_calendars_server', `UPDATE symbol_calendars SET source = 'broker'`],
  ['ck_producers_window', 'UPDATE producers SET dedup_window_seconds = 9'],
  ['ck_producers_max_age', 'UPDATE producers SET max_age_seconds = 604801'],
  ['ck_producers_rate', 'UPDATE producers SET rate_per_minute = 0'],
  ['ck_signals_side', 'UPDATE signals SET side = 2'],
  ['ck_signals_status', 'UPDATE signals SET status = 8'],
  ['ck_signals_price', 'UPDATE signals SET price = 1000000'],
  ['ck_signals_price', 'UPDATE signals SET price = 0'],
  ['ck_deliveries_status', 'UPDATE deliveries SET status = -1'],
  ['ck_bridge_contacts_slow', 'UPDATE bridge_contacts SET slow_for = 4'],
  ['ck_alert_destinations_channel', `UPDATE alert_destinations SET channel = 'email'`],
  ['ck_accounts_volume', 'UPDATE accounts SET order_volume = 0'],
  ['ck_accounts_risk', 'UPDATE accounts SET risk_bps = 1001'],
  ['ck_accounts_risk', 'UPDATE accounts SET risk_bps = 0'],
  ['ck_accounts_risk_base', `UPDATE accounts SET risk_base = 'balance'`],
  ['ck_accounts_max_volume', 'UPDATE accounts SET max_volume = 0'],
  ['ck_accounts_max_positions', 'UPDATE accounts SET max_positions = 0'],
  ['ck_accounts_min_stop', 'UPDATE accounts SET min_stop_points = -1'],
  ['ck_accounts_reward_ratio', 'UPDATE accounts SET reward_ratio = 0'],
  ['ck_accounts_max_spread', 'UPDATE accounts SET max_spread_points = 0'],
  ['ck_accounts_commission', 'UPDATE accounts SET commission_per_lot = -1'],
  ['ck_accounts_margin_share', 'UPDATE accounts SET margin_share_bps = 10001'],
  ['ck_accounts_max_instrument', 'UPDATE accounts SET max_instrument_volume = 0'],
  ['ck_accounts_max_exposure', 'UPDATE accounts SET max_exposure_percent = 0'],
  ['ck_account_symbols_spreads', `UPDATE account_symbols SET spreads = '[]'`],
  ['ck_accounts_symbols', `UPDATE accounts SET symbols = '[]'`],
  ['ck_account_symbols_pending', 'UPDATE account_symbols SET pending_buy = -1'],
  ['ck_commands_kind', `UPDATE commands SET kind = 'reverse'`],
  ['ck_commands_leg', 'UPDATE commands SET leg = 1'],
  ['ck_commands_target', `UPDATE commands SET kind = 'cancel'`],
  ['ck_commands_target', 'UPDATE commands SET target_id = id'],
  ['ck_commands_trip', `UPDATE commands SET trip_id = (SELECT id FROM guard_trips)`],
  ['ck_accounts_guard_phase', `UPDATE accounts SET guard_phase = 'off'`],
  ['ck_guards_settings', `UPDATE guards SET settings = '[]'`],
  ['ck_guards_state', `UPDATE guards SET state = '1'`],
  ['ck_guard_trips_scope', `UPDATE guard_trips SET scope = 'some'`],
  ['ck_guard_trips_revoked', 'UPDATE guard_trips SET revoked_at = now(), ended_at = now()'],
  ['ck_guard_trips_flat', 'UPDATE guard_trips SET triggered_at = NULL, flat_at = now()'],
  ['ck_guard_trips_stopped', 'UPDATE guard_trips SET triggered_at = NULL, stopped_at = now()'],
  ['ck_guard_trips_ended', 'UPDATE guard_trips SET ended_at = now()'],
  ['ck_exits_state', `UPDATE exits SET state = 'late', ended_at = now()`],
  ['ck_exits_end', `UPDATE exits SET state = 'done'`],
  ['ck_exits_end', 'UPDATE exits SET ended_at = now()'],
  ['ck_exits_reason', `UPDATE exits SET state = 'failed', ended_at = now()`],
  ['ck_accounts_withdraw', 'UPDATE accounts SET halted = false, withdraw_pending = true'],
  ['ck_deployment_withdraw', 'UPDATE deployment SET halted = false, withdraw_pending = true'],
  ['ck_accounts_binding', `UPDATE accounts SET login = '1'`],
  ['ck_accounts_released', 'UPDATE accounts SET released_at = now(), halted = false'],
  ['ck_accounts_behind', 'UPDATE accounts SET epoch_behind_at = now()'],
  ['ck_accounts_behind', 'UPDATE accounts SET epoch_behind_magic = 1'],
  ['ck_accounts_witness', 'UPDATE accounts SET epoch_witness = true'],
  ['ck_commands_state', `UPDATE commands SET state = 'lost'`],
  ['ck_commands_comment', `UPDATE commands SET comment = repeat('x', 27)`],
  [
    'ck_consents_version',
    'INSERT INTO consents SELECT 0, text, sha256, created_by, created_at FROM consents',
  ],
  ['ck_trades_status', `UPDATE trades SET status = 'gone'`],
  ['ck_trades_source', `UPDATE trades SET source = 'copied'`],
  ['ck_trades_episode', 'UPDATE trades SET episode = -1'],
  ['ck_equity_points_sums', 'UPDATE equity_points SET flowed = NULL'],
  ['ck_chart_drawings_format', `UPDATE chart_drawings SET format = 'gif'`],
  ['ck_chart_costs_cost', 'UPDATE chart_costs SET cost = 0'],
  ['ck_trade_legs_source', `UPDATE trade_legs SET source = 'copied'`],
  ['ck_broker_deals_revision', 'UPDATE broker_deals SET revision = -1'],
  ['ck_accounts_imported', 'UPDATE accounts SET bridge_id = NULL, halted = false'],
  ['ck_divergences_status', `UPDATE divergences SET status = 'ignored'`],
  ['ck_divergences_policy', `UPDATE divergences SET policy = 'guess'`],
  ['ck_divergences_resolution', `UPDATE divergences SET resolution = 'forgotten'`],
  ['ck_divergences_resolved', `UPDATE divergences SET status = 'resolved'`],
  ['ck_audit_seals_seq', 'UPDATE audit_seals SET seq = 0'],
  ['ck_audit_seals_rows', 'UPDATE audit_seals SET rows = 0'],
  [
    'ck_deployment_one',
    'INSERT INTO deployment (id, halted, magic_namespace, updated_at) SELECT 2, halted, magic_namespace, updated_at FROM deployment',
  ],
  ['ck_deployment_namespace', 'UPDATE deployment SET magic_namespace = 8192'],
  ['ck_deployment_epoch', 'UPDATE deployment SET magic_epoch = 256'],
  ['ck_deployment_behind', 'UPDATE deployment SET epoch_behind_magic = 1'],
  ['ck_deployment_halt', `UPDATE deployment SET halted = true, halt_reason = 'why'`],
  [
    'ck_deployment_halt',
    `UPDATE deployment SET halted = false, halted_at = now(), halted_by = '${user}', halt_reason = 'why'`,
  ],
];

describe('the rules that hold for the owner too', () => {
  it.each([
    ['a signal that was decided', `DELETE FROM signals WHERE id = '${signal}'`],
    ['a user who decided', `DELETE FROM users WHERE id = '${user}'`],
    ['an account that was approved for', `DELETE FROM accounts WHERE id = '${account}'`],
    ['a consent that was agreed to', 'DELETE FROM consents'],
    ['a decision that was executed', `DELETE FROM approvals WHERE id = '${approval}'`],
  ])('nobody deletes %s: ON DELETE RESTRICT', async (_what, text) => {
    expect(await errorOf(text)).toMatchObject({ code: expect.stringMatching(/^(23001|23503)$/) });
  });

  it('no reference deletes or empties what it points from', async () => {
    const rows = await t.sql(
      `SELECT conname FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace
         AND (confdeltype <> 'r' OR confupdtype <> 'a')`,
    );
    expect(rows).toEqual([]);
  });

  it.each([
    [
      'a second decision of a user on a signal',
      copy('approvals', { decision: '0' }),
      'ix_approvals_signal_user',
    ],
    ['a second command of an approval', copy('commands', { magic: '2' }), 'ux_commands_approval'],
    ['a second command with the magic', copy('commands', { approval_id: 'NULL' }), 'ux_commands_magic'],
    [
      'a second cancellation of an order while one is open',
      `WITH one AS (${copy('commands', cancellation(2))}) ${copy('commands', cancellation(3))}`,
      'ux_commands_target',
    ],
    [
      'a second order of what a trip closes while one is open',
      `WITH one AS (${copy('commands', ofTrip(2))}) ${copy('commands', ofTrip(3))}`,
      'ux_commands_trip',
    ],
    ['a second trip of an account', copy('guard_trips', {}, ANOTHER), 'ux_guard_trips_open'],
    ['a second exit of an approval', copy('exits', {}), 'exits_pkey'],
    ['the same signed request again', copy('signals', { received_at: `'2030-01-01'` }), 'ux_signals_mac'],
    [
      'a second delivery to a user',
      'INSERT INTO deliveries SELECT * FROM deliveries',
      'deliveries_signal_id_user_id_pk',
    ],
    ['a second trade of a position', copy('trades', {}), 'ux_trades_position'],
    ['a second divergence of a kind', copy('divergences', {}), 'ux_divergences_key'],
    ['a second account of a bridge', copy('accounts', {}), 'ux_accounts_bridge'],
    [
      'a second account that a bridge is promised to',
      `${copy('bridges', {}, ANOTHER)}; UPDATE accounts SET next_bridge_id = ${ANOTHER};
       ${copy('accounts', { bridge_id: ANOTHER })}`,
      'ux_accounts_next_bridge',
    ],
    [
      'a second account that holds a broker’s login',
      `${copy('bridges', {}, ANOTHER)}; UPDATE accounts SET server = 's', login = '1', bound_at = now();
       ${copy('accounts', { bridge_id: ANOTHER })}`,
      'ux_accounts_binding',
    ],
    [
      'a deal twice',
      'INSERT INTO broker_deals SELECT * FROM broker_deals',
      'broker_deals_account_id_ticket_revision_pk',
    ],
    [
      'what is kept of a life of a position twice',
      'INSERT INTO position_terms SELECT * FROM position_terms',
      'position_terms_account_id_deal_ticket_pk',
    ],
    [
      'a realised part of a trade twice',
      'INSERT INTO trade_legs SELECT * FROM trade_legs',
      'trade_legs_account_id_deal_ticket_pk',
    ],
    [
      'a worth of a moment twice',
      'INSERT INTO equity_points SELECT * FROM equity_points',
      'equity_points_account_id_at_pk',
    ],
    [
      'a second imported history of a name',
      `UPDATE accounts SET bridge_id = NULL; ${copy('accounts', {}, ANOTHER)}`,
      'ux_accounts_imported',
    ],
    ['a second user of an address', copy('users', {}), 'ux_users_email'],
    [
      'a minute of the schedule twice',
      'INSERT INTO schedule_ticks SELECT * FROM schedule_ticks',
      'schedule_ticks_pkey',
    ],
    [
      'two signals without a time within the window',
      copy('signals', { mac: `'other'`, received_at: `'2026-03-02T10:04:59.999Z'` }),
      'ex_signals_window',
    ],
    [
      'two signals of one explicit time',
      `UPDATE signals SET time_given = true; ${copy('signals', { mac: `'other'`, received_at: `'2030-01-01'` })}`,
      'ux_signals_time',
    ],
    [
      'one external id twice in a scope',
      `UPDATE signals SET external_id = 'x'; ${copy('signals', { mac: `'other'` })}`,
      'ix_signals_external_id',
    ],
  ])('there is never %s', async (_what, text, constraint) => {
    expect(await errorOf(text)).toMatchObject({ constraint });
  });

  it.each(CHECKS)('%s bites: %s', async (constraint, text) => {
    expect(await errorOf(text)).toMatchObject({ code: '23514', constraint });
  });

  it('every check constraint of the schema is in the list above', async () => {
    const rows = await t.sql(
      `SELECT conname FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace ORDER BY conname`,
    );
    expect(rows.map((r) => r['conname'])).toEqual([...new Set(CHECKS.map(([name]) => name))].sort());
  });
});
