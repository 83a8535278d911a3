/**
 * A page of an account's positions with all that their projection needs, and writing what it gives. What is read is of one
 * version of the account; what is written holds only where that is still its version, so that facts which came in between
 * are never overlooked. Nothing here makes a new version: whoever reconciles meanwhile plans from the same facts.
 */
import { type SQL, sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import type { Database, Row } from '../platform/database.ts';
import { plain, plainOrNull } from '../platform/decimal.ts';
import { sqlArray } from '../platform/sql-array.ts';
import type { BookedSums } from './booked-sums.ts';
import { currencyPlaces } from './currency-places.ts';
import { latestVersions } from './deal-revision.ts';
import { wholeSums } from './deal-store.ts';
import type { ShownPosition, TradeFacts } from './planned-trade.ts';
import { positionFactStatements, positionFactsOf } from './position-facts-store.ts';
import { entryBalances, type TradeBook, tradeParts } from './trade-book-store.ts';

/** So many positions' deals are well below what one reply of the database may hold. */
const PAGE = 5_000;

export type RebuildPage = {
  version: number;
  facts: TradeFacts;
  positions: string[];
  /** What to ask for behind; null: this page is the last. */
  next: string | null;
};

/** Every position of the account, or those that are named. */
export type RebuildScope = { accountId: string; positions?: readonly string[] };

/** The page of positions behind `after`; null where the account is unknown. One round trip. */
export async function readRebuildPage(
  db: Database,
  { accountId, positions }: RebuildScope,
  after: string,
  nowMs: number,
): Promise<RebuildPage | null> {
  const account = sql`${accountId}::uuid`;
  const named =
    positions === undefined ? sql`true` : sql`d.position_id = ANY(${sqlArray('text', positions)})`;
  const page = sql`ARRAY(SELECT DISTINCT d.position_id FROM broker_deals d WHERE d.account_id = ${account}
    AND d.position_id > ${after} AND d.position_id <> '0' AND ${named} ORDER BY d.position_id LIMIT ${PAGE})`;
  const [accounts = [], shown = [], ...facts] = await db.batch([
    sql`SELECT a.version, a.currency, a.symbols, a.snapshot_at IS NOT NULL AND a.history_until IS NULL AS whole,
        to_jsonb(p.ids) AS ids FROM accounts a CROSS JOIN (SELECT ${page} AS ids) p
      WHERE a.id = ${account}`,
    sql`SELECT p.identifier, p.stop_loss, p.take_profit FROM positions p WHERE p.account_id = ${account}`,
    ...positionFactStatements(accountId, {
      deals: sql`d.position_id = ANY(${page})`,
      commands: commandsOf(account, page),
      positions: page,
    }),
  ]);
  const row = accounts[0];
  if (row === undefined) return null;
  const [deals = [], commands = [], adoptions = []] = facts;
  const known = positionFactsOf(deals, commands, adoptions);
  const ids = row['ids'] as string[];
  return {
    version: Number(row['version']),
    positions: ids,
    next: ids.length < PAGE ? null : (ids.at(-1) ?? null),
    facts: {
      ...known,
      deals: latestVersions(known.deals),
      symbols: row['symbols'] as Record<string, string>,
      places: currencyPlaces(row['currency'] === null ? null : String(row['currency'])),
      shown: row['whole'] === true ? new Map(shown.map(shownOf)) : null,
      // What a tick was worth then is kept, or nobody knows it any more.
      tickOf: () => null,
      atMs: nowMs,
    },
  };
}

/** Commands that may have opened those positions: by the position they are known to have, or by their magic. */
const commandsOf = (account: SQL, page: SQL): SQL => sql`(c.position_id = ANY(${page}) OR c.magic >> 4 IN (
  SELECT d.magic >> 4 FROM broker_deals d WHERE d.account_id = ${account} AND d.position_id = ANY(${page})))`;

const decimal = (value: unknown) => plainOrNull(value === null ? null : String(value));
const shownOf = (row: Row): [string, ShownPosition] => [
  String(row['identifier']),
  { stopLoss: decimal(row['stop_loss']), takeProfit: decimal(row['take_profit']) },
];

const guarded = (accountId: string, version: number): SQL =>
  sql`SELECT id, user_id FROM accounts WHERE id = ${accountId}::uuid AND version = ${version}::int FOR UPDATE`;

/** Writes a page; false where the account has another version by now. */
export async function writeRebuildPage(
  db: Database,
  accountId: string,
  version: number,
  book: TradeBook,
  nowMs: number,
): Promise<boolean> {
  const rows =
    await db.run(sql`WITH acc AS (${guarded(accountId, version)}), ${tradeParts(accountId, book, nowMs)}
    SELECT id FROM acc`);
  return rows.length === 1;
}

export type Restated =
  /** `were`: the sums that stood there and were not those of its deals; null where they were. */
  | { kind: 'restated'; were: BookedSums | null }
  /** It has another version by now, and other deals may have come with it. */
  | { kind: 'raced' };

/** States the running sums of the account anew from all its deals, where they are not what these add up to. */
export async function restateSums(db: Database, accountId: string): Promise<Restated> {
  // Versions are compared again once the row is locked, and whoever stores deals makes a new one.
  const [row] =
    await db.run(sql`WITH acc AS (SELECT id, version, booked, flowed, credited FROM accounts WHERE id = ${accountId}::uuid),
      whole AS (${wholeSums(sql`${accountId}::uuid`)}),
      upd AS (UPDATE accounts a SET booked = whole.booked, flowed = whole.flowed, credited = whole.credited FROM acc, whole
        WHERE a.id = acc.id AND a.version = acc.version AND (acc.booked, acc.flowed, acc.credited) IS DISTINCT FROM
          (whole.booked, whole.flowed, whole.credited) RETURNING a.id)
    SELECT acc.booked, acc.flowed, acc.credited, (acc.booked, acc.flowed, acc.credited) IS NOT DISTINCT FROM
        (whole.booked, whole.flowed, whole.credited) AS stood, EXISTS (SELECT 1 FROM upd) AS restated FROM acc, whole`);
  if (row === undefined || row['stood'] === true) return { kind: 'restated', were: null };
  if (row['restated'] !== true) return { kind: 'raced' };
  const of = (name: string) => plain(String(row[name]));
  return {
    kind: 'restated',
    were: { booked: of('booked'), flowed: of('flowed'), credited: of('credited') },
  };
}

/** Works out what the account held before each of its trades, and records who had it rebuilt. */
export async function finishRebuild(
  db: Database,
  accountId: string,
  audit: AuditEntry | null,
): Promise<void> {
  const subject = sql`(SELECT 1) AS one`;
  await db.batch([entryBalances(accountId, null), ...(audit === null ? [] : [auditInsert(audit, subject)])]);
}
