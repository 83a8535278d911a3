import { type SQL, sql } from 'drizzle-orm';
import { SYMBOL_NAMES_LOCK } from '../identity/instrument-store.ts';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime, timestampMs } from '../platform/clock.ts';
import { type Database, databaseFault, type Row } from '../platform/database.ts';
import { plain, plainOrNull } from '../platform/decimal.ts';
import { readPage, rowTime } from '../platform/page.ts';
import { sqlArray } from '../platform/sql-array.ts';
import type { AccountSettings, SettingsChange } from './account-settings.ts';
import type { Standing } from './entry-barrier.ts';
import { liquidates } from './liquidation-store.ts';
import { hasRemedies } from './remedy-store.ts';

export type Binding = {
  server: string;
  login: string;
  currency: string;
  marginMode: 'hedging' | 'netting' | 'exchange';
  tradeMode: 'demo' | 'contest' | 'real';
};
/** What its broker has shown of a restore (`restore-epoch.ts`), and what that means to it. */
export type AccountEpoch = {
  /** The magic that it is suspected for; null: for none. */
  behind: string | null;
  /** Others' brokers have shown one since its own was last heard. */
  unproven: boolean;
  /** Magics of which an owner has judged that they mean nothing. */
  dismissed: readonly string[];
  /** Whether an owner or admin has ever let it trade. */
  trusted: boolean;
};
/** What its guard lets it do; entries are taken while it is armed, or there is nothing to guard. */
export type GuardPhase = 'armed' | 'suspect' | 'warned' | 'tripped' | 'flat_latched' | 'empty';
export type Account = {
  id: string;
  userId: string;
  /** None: it holds an imported history alone, and never trades. */
  bridgeId: string | null;
  name: string;
  binding: Binding | null;
  /** Of the binding, or as whoever imported its history stated them; null before either. */
  currency: string | null;
  marginMode: Binding['marginMode'] | null;
  halted: boolean;
  /** While it is halted, orders that work are taken back. */
  withdrawPending: boolean;
  guardPhase: GuardPhase;
  orderVolume: string;
  settings: AccountSettings;
  version: number;
  bootId: string | null;
  bridgeSeq: number | null;
  snapshotMs: number | null;
  dealsCursorMs: number | null;
  /** Up to where its history has been read, while that is read page by page; null: up to the last snapshot. */
  historyUntilMs: number | null;
  /** Balance, equity, margin and the number of working orders as the last valid snapshot states them; null before it. */
  state: Record<string, string> | null;
  epoch: AccountEpoch;
  /** The bridge that is to take over with its first snapshot of the same broker's account; null: none. */
  nextBridgeId: string | null;
  /** When the present bridge took over from another; null: it was the first. */
  bridgeSinceMs: number | null;
  /** Its binding was taken from it: its books end there. */
  released: boolean;
  /** Of its bridge; null before the first call, and where the row was read without it. */
  contact?: {
    heardMs: number | null;
    outcome: string;
    failures: number;
    nextMs: number;
    /** When the last call to it ended. */
    calledMs?: number;
  } | null;
  /** Whether its bridge polls, so that nobody can call it; absent where the row was read without it. */
  polled?: boolean;
  /** Whether an approved close is under way, everything is being closed, or a divergence has a remedy; absent where the row was read without it. */
  leaving?: boolean;
  /** What holds for every account; absent where the row was read without it. */
  deployment?: Standing;
  createdMs: number;
};
/** An account with a bridge: one that can be asked, and may trade. */
export type DrivenAccount = Account & { bridgeId: string };

/** Whether an account has a bridge. */
export const isDriven = (account: Account): account is DrivenAccount => account.bridgeId !== null;

const textOrNull = (value: unknown): string | null => (value === null ? null : String(value));
const timeOrNull = (value: unknown): number | null => (value === null ? null : timestampMs(String(value)));

const numberOrNull = (value: unknown): number | null => (value === null ? null : Number(value));

const settingsOf = (row: Row): AccountSettings => ({
  riskBps: numberOrNull(row['risk_bps']),
  riskBase: row['risk_base'] === 'equity' ? 'equity' : 'lesser',
  maxVolume: plainOrNull(textOrNull(row['max_volume'])),
  maxPositions: numberOrNull(row['max_positions']),
  minStopPoints: Number(row['min_stop_points']),
  rewardRatio: plainOrNull(textOrNull(row['reward_ratio'])),
  maxSpreadPoints: numberOrNull(row['max_spread_points']),
  commissionPerLot: plain(String(row['commission_per_lot'])),
  marginShareBps: numberOrNull(row['margin_share_bps']),
  maxInstrumentVolume: plainOrNull(textOrNull(row['max_instrument_volume'])),
  maxExposurePercent: numberOrNull(row['max_exposure_percent']),
  instruments: row['instruments'] as string[] | null,
  symbols: row['symbols'] as Record<string, string>,
});

/** A row of accounts. */
export const accountOf = (row: Row): Account => ({
  id: String(row['id']),
  userId: String(row['user_id']),
  bridgeId: textOrNull(row['bridge_id']),
  name: String(row['name']),
  currency: textOrNull(row['currency']),
  marginMode: row['margin_mode'] as Binding['marginMode'] | null,
  binding:
    row['login'] === null
      ? null
      : {
          server: String(row['server']),
          login: String(row['login']),
          currency: String(row['currency']),
          marginMode: row['margin_mode'] as Binding['marginMode'],
          tradeMode: row['trade_mode'] as Binding['tradeMode'],
        },
  halted: row['halted'] === true,
  withdrawPending: row['withdraw_pending'] === true,
  guardPhase: row['guard_phase'] as GuardPhase,
  orderVolume: String(row['order_volume']),
  settings: settingsOf(row),
  version: Number(row['version']),
  bootId: textOrNull(row['boot_id']),
  bridgeSeq: row['bridge_seq'] === null ? null : Number(row['bridge_seq']),
  snapshotMs: timeOrNull(row['snapshot_at']),
  dealsCursorMs: timeOrNull(row['deals_cursor']),
  historyUntilMs: timeOrNull(row['history_until']),
  state: row['state'] as Record<string, string> | null,
  epoch: {
    behind: textOrNull(row['epoch_behind_magic']),
    unproven: Number(row['epoch_doubts']) < Number(row['deployment_doubts'] ?? 0),
    dismissed: (row['epoch_dismissed'] as unknown[]).map(String),
    trusted: row['trusted_at'] !== null,
  },
  nextBridgeId: textOrNull(row['next_bridge_id']),
  bridgeSinceMs: timeOrNull(row['bridge_since']),
  released: row['released_at'] !== null,
  contact:
    (row['contact_outcome'] ?? null) === null
      ? null
      : {
          heardMs: timeOrNull(row['contact_heard_at']),
          outcome: String(row['contact_outcome']),
          failures: Number(row['contact_failures']),
          nextMs: rowTime(row, 'contact_next_at'),
          calledMs: rowTime(row, 'contact_updated_at'),
        },
  ...('polled' in row ? { polled: row['polled'] === true } : {}),
  ...('leaving' in row ? { leaving: row['leaving'] === true } : {}),
  ...('epoch_behind' in row
    ? {
        deployment: {
          halted: row['deployment_halted'] === true,
          epochBehind: row['epoch_behind'] === true,
        },
      }
    : {}),
  createdMs: rowTime(row, 'created_at'),
});

/**
 * Adds an account, halted and not yet bound, with the producers it follows. `refused` where the bridge is not a live
 * one of this user, drives another account already or is promised to one, or a producer's audience does not hold the user.
 */
export async function insertAccount(
  db: Database,
  a: {
    id: string;
    userId: string;
    bridgeId: string;
    name: string;
    orderVolume: string;
    producerIds: string[];
  },
  nowMs: number,
  audit: AuditEntry,
): Promise<{ kind: 'created' } | { kind: 'bridge' } | { kind: 'bridge-taken' } | { kind: 'producer' }> {
  const at = isoTime(nowMs);
  try {
    const [row] = await db.run(sql`WITH b AS (
      SELECT id FROM bridges WHERE id = ${a.bridgeId}::uuid AND owner_id = ${a.userId}::uuid AND revoked_at IS NULL
    ), p AS (
      SELECT id FROM producers WHERE id = ANY(${sqlArray('uuid', a.producerIds)}) AND (owner_id = ${a.userId}::uuid
        OR EXISTS (SELECT 1 FROM subscriptions s WHERE s.producer_id = producers.id AND s.user_id = ${a.userId}::uuid))
    ), promised AS (
      SELECT o.id FROM accounts o JOIN b ON b.id = o.next_bridge_id
    ), ins AS (
      INSERT INTO accounts (id, user_id, bridge_id, name, halted, order_volume, version, created_at, updated_at)
      SELECT ${a.id}::uuid, ${a.userId}::uuid, b.id, ${a.name}, true, ${a.orderVolume}::numeric, 0,
        ${at}::timestamptz, ${at}::timestamptz
      FROM b WHERE (SELECT count(*) FROM p) = ${a.producerIds.length}::int AND NOT EXISTS (SELECT 1 FROM promised)
      RETURNING id
    ), fol AS (
      INSERT INTO account_producers (account_id, producer_id, created_at)
      SELECT ins.id, p.id, ${at}::timestamptz FROM ins, p
    ), aud AS (${auditInsert(audit, sql`ins`)})
    SELECT (SELECT id FROM ins) AS id, (SELECT count(*) FROM b)::int AS bridges,
      EXISTS (SELECT 1 FROM promised) AS promised`);
    if (row?.['id']) return { kind: 'created' };
    if (row?.['promised'] === true) return { kind: 'bridge-taken' };
    return { kind: Number(row?.['bridges']) === 0 ? 'bridge' : 'producer' };
  } catch (e) {
    const fault = databaseFault(e);
    if (fault?.kind === 'constraint' && fault.constraint === 'ux_accounts_bridge')
      return { kind: 'bridge-taken' };
    throw e;
  }
}

/**
 * What stands beside an account: the contact `c` of its bridge, and the deployment `d`. As columns over
 * `... CROSS JOIN deployment d LEFT JOIN bridge_contacts c`.
 */
export const STANDING_COLUMNS = sql`c.heard_at AS contact_heard_at, c.outcome AS contact_outcome,
  c.failures AS contact_failures, c.next_at AS contact_next_at, c.updated_at AS contact_updated_at, d.halted AS deployment_halted,
  d.epoch_behind_at IS NOT NULL AS epoch_behind, d.epoch_doubts AS deployment_doubts`;
const WITH_STANDING = sql`FROM accounts CROSS JOIN deployment d
  LEFT JOIN bridge_contacts c ON c.bridge_id = accounts.bridge_id`;

const accountWhere = async (db: Database, which: SQL): Promise<Account | null> => {
  const [row] = await db.run(accountsWhere(which));
  return row === undefined ? null : accountOf(row);
};

/** Accounts with all that stands beside them, of which `which` is true: `accountOf` reads a row. */
export const accountsWhere = (which: SQL): SQL => sql`SELECT accounts.*, ${STANDING_COLUMNS},
      (EXISTS (SELECT 1 FROM exits x WHERE x.account_id = accounts.id AND x.state = 'open')
        OR ${liquidates(sql`accounts.id`)} OR ${hasRemedies(sql`accounts.id`)}) AS leaving,
      (SELECT b.url IS NULL FROM bridges b WHERE b.id = accounts.bridge_id) AS polled ${WITH_STANDING} WHERE ${which}`;

/** One account. */
export const readAccount = (db: Database, id: string): Promise<Account | null> =>
  accountWhere(db, sql`accounts.id = ${id}::uuid`);

/** The account that a bridge drives; null where there is none yet. */
export async function readAccountOfBridge(db: Database, bridgeId: string): Promise<DrivenAccount | null> {
  const account = await accountWhere(db, sql`accounts.bridge_id = ${bridgeId}::uuid`);
  return account !== null && isDriven(account) ? account : null;
}

/** A page of one user's accounts, or of all where `userId` is null. */
export const listAccounts = (
  db: Database,
  userId: string | null,
  query: { page: number; page_size: number; cursor?: string },
) =>
  readPage(
    db,
    query,
    {
      columns: sql`accounts.*, ${STANDING_COLUMNS}`,
      from: sql`${WITH_STANDING} WHERE ${userId === null ? sql`true` : sql`accounts.user_id = ${userId}::uuid`}`,
      at: sql`accounts.created_at`,
      id: sql`accounts.id`,
    },
    accountOf,
  );

/**
 * Halts or resumes. The row's lock orders it against the statements that make and send commands, so that no entry is
 * made after a halt has been committed; with `withdrawPending` orders that work are taken back as long as it lasts. Whoever
 * may resume an account trusts it from then on (`restore-epoch.ts`). False where there is no such account, or it is to be
 * resumed and was released or has no bridge.
 */
export async function setHalted(
  db: Database,
  id: string,
  halted: boolean,
  nowMs: number,
  audit: AuditEntry,
  withdrawPending = false,
): Promise<boolean> {
  const rows = await db.run(sql`WITH upd AS (
    UPDATE accounts SET halted = ${halted}::boolean,
      withdraw_pending = ${halted}::boolean AND (withdraw_pending OR ${withdrawPending}::boolean), updated_at = ${isoTime(nowMs)}::timestamptz,
      trusted_at = CASE WHEN ${halted}::boolean THEN trusted_at ELSE coalesce(trusted_at, ${isoTime(nowMs)}::timestamptz) END
    WHERE id = ${id}::uuid AND (${halted}::boolean OR released_at IS NULL AND bridge_id IS NOT NULL) RETURNING id
  ), aud AS (${auditInsert(audit, sql`upd`)}) SELECT id FROM upd`);
  return rows.length === 1;
}

/** `symbol-taken`: `symbol` is the name of an enabled instrument, which the account would then trade by the same symbol. */
export type SettingsOutcome =
  | { kind: 'changed'; account: Account }
  | { kind: 'not-theirs' }
  | { kind: 'symbol-taken'; instrument: string; symbol: string };

/** Changes the settings that are given and leaves the others, for the account's own user alone. */
export async function updateSettings(
  db: Database,
  of: { id: string; userId: string },
  change: SettingsChange,
  nowMs: number,
  audit: AuditEntry,
): Promise<SettingsOutcome> {
  const symbols = JSON.stringify(change.symbols ?? {});
  const sets = [
    sql`updated_at = ${isoTime(nowMs)}::timestamptz`,
    ...SETTING_COLUMNS.flatMap(([name, type]) => {
      const value = change[name];
      return value === undefined ? [] : [sql`${sql.raw(name)} = ${columnValue(value, type)}`];
    }),
  ];
  // Where names change, an instrument that is being enabled at this moment is waited for.
  const before = change.symbols === undefined ? [] : [SYMBOL_NAMES_LOCK];
  const answers = await db.batch([
    ...before,
    sql`WITH taken AS (
    SELECT m.key AS instrument, m.value AS symbol FROM jsonb_each_text(${symbols}::jsonb) m
      JOIN instruments i ON i.symbol = m.value AND i.enabled
    WHERE m.key <> m.value AND ${symbols}::jsonb ->> m.value IS NULL ORDER BY m.key LIMIT 1
  ), upd AS (
    UPDATE accounts SET ${sql.join(sets, sql`, `)}
    WHERE id = ${of.id}::uuid AND user_id = ${of.userId}::uuid AND NOT EXISTS (SELECT 1 FROM taken) RETURNING *
  ), aud AS (${auditInsert(audit, sql`upd`)})
  SELECT upd.*, taken.instrument AS taken_for, taken.symbol AS taken
  FROM (SELECT 1) AS one LEFT JOIN upd ON true LEFT JOIN taken ON true`,
  ]);
  const [row = {}] = answers.at(-1) ?? [];
  const [instrument, symbol] = [row['taken_for'] ?? null, row['taken'] ?? null];
  if (instrument !== null)
    return { kind: 'symbol-taken', instrument: String(instrument), symbol: String(symbol) };
  return (row['id'] ?? null) === null ? { kind: 'not-theirs' } : { kind: 'changed', account: accountOf(row) };
}

const SETTING_COLUMNS: readonly (readonly [keyof SettingsChange, string])[] = [
  ['name', 'text'],
  ['order_volume', 'numeric'],
  ['risk_bps', 'smallint'],
  ['risk_base', 'text'],
  ['max_volume', 'numeric'],
  ['max_positions', 'smallint'],
  ['min_stop_points', 'integer'],
  ['reward_ratio', 'numeric'],
  ['max_spread_points', 'integer'],
  ['commission_per_lot', 'numeric'],
  ['margin_share_bps', 'smallint'],
  ['max_instrument_volume', 'numeric'],
  ['max_exposure_percent', 'integer'],
  ['instruments', 'text[]'],
  ['symbols', 'jsonb'],
];

function columnValue(value: Exclude<SettingsChange[keyof SettingsChange], undefined>, type: string): SQL {
  if (Array.isArray(value)) return sqlArray('text', value);
  const text = value === null || typeof value !== 'object' ? value : JSON.stringify(value);
  return sql`${text}::${sql.raw(type)}`;
}
