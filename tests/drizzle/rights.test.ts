import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { APPEND_ONLY_TABLES } from '../support/append-only-tables.ts';
import { fillEveryTable, TABLES } from '../support/one-row-each.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let t: TestDatabase;
let runtime: pg.Client;
let superuser: pg.Client;
beforeAll(async () => {
  t = await createTestDatabase();
  runtime = await t.connect('runtime');
  superuser = await t.connect('superuser');
  await fillEveryTable(await t.connect('owner'));
});
afterAll(() => t?.drop());

/** The SQLSTATE that a statement ends with, in its own transaction that is rolled back; 'done' where it went through. */
async function endOf(client: pg.Client, text: string): Promise<string> {
  await client.query('BEGIN');
  try {
    await client.query(text);
    return 'done';
  } catch (e) {
    return e instanceof Error && 'code' in e ? String(e.code) : 'no code';
  } finally {
    await client.query('ROLLBACK');
  }
}
const DENIED = '42501';

type Right = { insert: boolean; update: string[]; delete: boolean };
const appendOnly: Right = { insert: true, update: [], delete: false };
const row = (update: string[], rights: Partial<Right> = {}): Right => ({ ...appendOnly, update, ...rights });

/** All that the runtime may do, beside reading every table. `*`: every column. */
const MATRIX: Record<string, Right> = {
  audit_log: appendOnly,
  audit_seals: appendOnly,
  consents: appendOnly,
  approvals: appendOnly,
  broker_deals: appendOnly,
  broker_orders: appendOnly,
  reconciliation_runs: appendOnly,
  candles: appendOnly,
  users: row(['name', 'role', 'disabled_at', 'max_bridges']),
  access_tokens: row(['revoked_at']),
  instruments: row(['enabled', 'digits']),
  producers: row([
    'name',
    'instruments',
    'dedup_window_seconds',
    'max_age_seconds',
    'rate_per_minute',
    'revoked_at',
  ]),
  producer_secrets: row(['expires_at', 'key_id', 'iv', 'ciphertext']),
  bridge_secrets: row(['expires_at', 'key_id', 'iv', 'ciphertext']),
  producer_hooks: row(['expires_at']),
  refusals: row([], { delete: true }),
  signal_batches: row(['outcome'], { delete: true }),
  subscriptions: row([], { delete: true }),
  signals: row(['status', 'updated_at']),
  deliveries: row(['status', 'refusal', 'updated_at']),
  bridges: row(['name', 'url', 'revoked_at']),
  accounts: row([
    'name',
    'server',
    'login',
    'currency',
    'margin_mode',
    'trade_mode',
    ...['bound_at', 'bridge_id', 'next_bridge_id', 'bridge_since', 'released_at', 'trusted_at'],
    ...['epoch_behind_at', 'epoch_behind_magic', 'epoch_witness', 'epoch_dismissed', 'epoch_doubts'],
    'halted',
    'withdraw_pending',
    'order_volume',
    ...['risk_bps', 'risk_base', 'max_volume', 'max_positions', 'min_stop_points', 'reward_ratio'],
    ...[
      'max_spread_points',
      'commission_per_lot',
      'margin_share_bps',
      'max_instrument_volume',
      'max_exposure_percent',
      'instruments',
      'symbols',
      'orders_made',
    ],
    'version',
    'boot_id',
    'bridge_seq',
    'snapshot_at',
    ...['deals_cursor', 'history_until'],
    'state',
    'unverified_at',
    ...['booked', 'flowed', 'credited'],
    'guard_phase',
    'updated_at',
  ]),
  account_symbols: row(['spec', 'pending_buy', 'pending_sell', 'spreads', 'snapshot_at']),
  account_producers: row([], { delete: true }),
  approval_clients: row([], { delete: true }),
  commands: row([
    'state',
    'sent_at',
    'resolved_at',
    'negative_lookups',
    'looked_up_at',
    'retcode',
    'reason',
    'order_ticket',
    'position_id',
    'updated_at',
    ...['attempt', 'magic', 'not_before', 'lease_epoch', 'broker_comment', 'volume_filled', 'instruction'],
  ]),
  guards: row(['settings', 'state', 'updated_at']),
  guard_trips: row([
    'triggered_at',
    'revoked_at',
    'flat_at',
    'stopped_at',
    'ended_at',
    'ended_by',
    'end_reason',
    'scope',
  ]),
  exits: row(['state', 'reason', 'acted', 'next_at', 'ended_at', 'updated_at']),
  account_leases: row(['epoch', 'expires_at']),
  reconcile_leases: row(['epoch', 'expires_at']),
  trades: row(['*'], { delete: true }),
  trade_legs: row(['*'], { delete: true }),
  position_terms: row(['stop_loss', 'take_profit']),
  equity_points: row(['*'], { delete: true }),
  positions: row(['*'], { delete: true }),
  divergences: row([
    ...['status', 'detected_at', 'resolved_at', 'policy', 'evidence', 'seen_at'],
    ...['resolution', 'resolved_by', 'resolution_reason', 'signal_id'],
  ]),
  schedule_ticks: row(['finished_at'], { delete: true }),
  metric_totals: row(['value']),
  metric_cursors: row(['counted_to', 'candidate', 'candidate_xid']),
  order_refusals: appendOnly,
  trading_calendars: appendOnly,
  symbol_calendars: row(['calendar_id', 'updated_at']),
  charts: row(['expires_at', 'revoked_at'], { delete: true }),
  chart_drawings: row(['fence', 'drawing_until', 'bytes'], { delete: true }),
  chart_costs: row(['cost'], { delete: true }),
  outbox: row(['available_at', 'attempts', 'done_at', 'dead_at', 'last_error'], { delete: true }),
  alerts: appendOnly,
  alert_destinations: row(['revoked_at']),
  alert_destination_secrets: row(['expires_at', 'key_id', 'iv', 'ciphertext']),
  alert_deliveries: row(['attempts', 'doubtful', 'word', 'not_before', 'sent_at', 'updated_at']),
  bridge_nonces: row([], { delete: true }),
  bridge_candle_wishes: row([], { delete: true }),
  bridge_contacts: row(['heard_at', 'outcome', 'failures', 'next_at', 'slow_for', 'updated_at']),
  deployment: row(
    [
      ...['halted', 'halted_at', 'halted_by', 'halt_reason', 'withdraw_pending', 'updated_at'],
      ...['magic_epoch', 'epoch_behind_at', 'epoch_behind_magic', 'epoch_doubts'],
    ],
    { insert: false },
  ),
};

describe('the runtime’s role', () => {
  it('has exactly the rights of the matrix on every table, and no table is missing from it', async () => {
    expect(Object.keys(MATRIX).sort()).toEqual(TABLES);
    const { rows } = await runtime.query<
      Right & { name: string; columns: number; read: boolean; more: boolean }
    >(
      `SELECT c.relname AS name, count(a.attname)::int AS columns, has_table_privilege(c.oid, 'SELECT') AS read,
         has_table_privilege(c.oid, 'INSERT') AS insert, has_table_privilege(c.oid, 'DELETE') AS delete,
         has_table_privilege(c.oid, 'TRUNCATE, REFERENCES, TRIGGER') OR has_any_column_privilege(c.oid, 'REFERENCES')
           AS more,
         coalesce(array_agg(a.attname::text ORDER BY a.attname) FILTER (WHERE has_column_privilege(c.oid, a.attnum, 'UPDATE')),
           '{}') AS update
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') GROUP BY c.oid, c.relname`,
    );
    const found = rows.map((r) => {
      const update = r.update.length === r.columns ? ['*'] : r.update;
      return [r.name, { insert: r.insert, update, delete: r.delete, read: r.read, more: r.more }] as const;
    });
    const wanted = Object.entries(MATRIX).map(
      ([name, r]) => [name, { ...r, update: [...r.update].sort(), read: true, more: false }] as const,
    );
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(wanted));
  });

  it('only adds to the tables of the list, and to no other', () => {
    const added = Object.entries(MATRIX).filter(([, r]) => r.insert && r.update.length === 0 && !r.delete);
    expect(added.map(([name]) => name).sort()).toEqual(APPEND_ONLY_TABLES);
  });

  it.each(APPEND_ONLY_TABLES)('reads %s and cannot alter, empty, take over or drop it', async (table) => {
    const { rows } = await runtime.query(`SELECT * FROM ${table}`);
    expect(rows.length).toBe(1);
    // A generated column is refused for being one, before the rights are looked at.
    const columns = await writtenColumns(table);
    const list = columns.join(', ');
    const statements = [
      ...columns.map((c) => `UPDATE ${table} SET ${c} = ${c}`),
      `DELETE FROM ${table}`,
      `TRUNCATE ${table}`,
      `ALTER TABLE ${table} ADD COLUMN x int`,
      `ALTER TABLE ${table} DISABLE TRIGGER ALL`,
      `ALTER TABLE ${table} OWNER TO countersign_runtime`,
      `DROP TABLE ${table} CASCADE`,
      `SELECT 1 FROM ${table} FOR UPDATE`,
      `LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`,
      `INSERT INTO ${table} (${list}) SELECT ${list} FROM ${table} ON CONFLICT (${await keyOf(table)}) DO UPDATE SET
         ${columns[1]} = excluded.${columns[1]}`,
      `CREATE INDEX ON ${table} (${columns[0]})`,
      `CREATE TRIGGER x BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
      `CREATE RULE x AS ON INSERT TO ${table} DO INSTEAD NOTHING`,
    ];
    const ends = await inTurn(statements, async (s) => [s, await endOf(runtime, s)] as const);
    expect(ends.filter(([, end]) => end !== DENIED)).toEqual([]);
    expect((await t.sql(`SELECT count(*)::int AS n FROM ${table}`))[0]).toEqual({ n: 1 });
  });

  it('cannot pass its rights on: a GRANT changes nothing', async () => {
    const acl = () =>
      t.sql(`SELECT relacl::text FROM pg_class WHERE relname = ANY($1) ORDER BY relname`, [
        APPEND_ONLY_TABLES,
      ]);
    const before = await acl();
    for (const table of APPEND_ONLY_TABLES) {
      await runtime.query(`GRANT SELECT, INSERT ON ${table} TO PUBLIC`);
      await endOf(runtime, `GRANT UPDATE ON ${table} TO countersign_runtime`);
    }
    expect(await acl()).toEqual(before);
  });

  it.each([
    'SET ROLE countersign_test_owner',
    'SET SESSION AUTHORIZATION postgres',
    'CREATE TABLE mine (id int)',
    'CREATE TABLE public.mine (id int)',
    'CREATE SCHEMA mine',
    'CREATE DATABASE mine',
    'CREATE ROLE mine',
    'CREATE EXTENSION pgcrypto',
    'CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
    'ALTER ROLE countersign_runtime SUPERUSER',
    'ALTER ROLE countersign_runtime CREATEROLE',
    'DROP SCHEMA public CASCADE',
    `SELECT setval('command_number', 1)`,
    'ALTER SEQUENCE command_number RESTART',
    'SELECT * FROM migrations.applied',
    `INSERT INTO migrations.applied VALUES ('x', 'x', now())`,
    'INSERT INTO deployment (id, halted, magic_namespace, updated_at) SELECT 2, false, 1, now()',
    'DELETE FROM deployment',
    'SELECT * FROM pg_authid',
    `COPY users TO PROGRAM 'true'`,
    `SELECT pg_read_file('PG_VERSION')`,
    `SET session_replication_role = 'replica'`,
  ])('is refused: %s', async (statement) => {
    // What needs no transaction block is refused before PostgreSQL looks at the rights, so CREATE DATABASE goes alone.
    const end = statement.startsWith('CREATE DATABASE')
      ? await runtime.query(statement).then(
          () => 'done',
          (e: unknown) => (e instanceof Error && 'code' in e ? String(e.code) : 'no code'),
        )
      : await endOf(runtime, statement);
    expect(end).toBe(DENIED);
  });

  it('owns nothing, belongs to no role, and can neither make roles nor databases nor pass by row security', async () => {
    const { rows } = await superuser.query(
      `SELECT r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolbypassrls,
         (SELECT count(*)::int FROM pg_shdepend d WHERE d.refobjid = r.oid AND d.deptype = 'o'
            AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())) AS owned,
         (SELECT count(*)::int FROM pg_auth_members m WHERE m.member = r.oid) AS roles
       FROM pg_roles r WHERE rolname = 'countersign_runtime'`,
    );
    expect(rows).toEqual([
      {
        rolsuper: false,
        rolinherit: false,
        rolcreaterole: false,
        rolcreatedb: false,
        rolreplication: false,
        rolbypassrls: false,
        owned: 0,
        roles: 0,
      },
    ]);
  });

  it('draws command numbers, and can put them back no more than anybody', async () => {
    const draw = async () =>
      Number((await runtime.query<{ n: string }>(`SELECT nextval('command_number') AS n`)).rows[0]?.n);
    const first = await draw();
    expect(await draw()).toBe(first + 1);
  });
});

async function keyOf(table: string): Promise<string> {
  const [found] = await t.sql(
    `SELECT string_agg(quote_ident(a.attname), ', ') AS key FROM pg_index i JOIN pg_attribute a
       ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey) WHERE i.indrelid = $1::regclass AND i.indisprimary`,
    [table],
  );
  return String(found?.['key']);
}

async function writtenColumns(table: string): Promise<string[]> {
  const rows = await t.sql(
    `SELECT quote_ident(attname) AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0
       AND NOT attisdropped AND attgenerated = '' ORDER BY attnum`,
    [table],
  );
  return rows.map((r) => String(r['name']));
}

async function inTurn<A, B>(items: readonly A[], work: (item: A) => Promise<B>): Promise<B[]> {
  const done: B[] = [];
  for (const item of items) done.push(await work(item));
  return done;
}
