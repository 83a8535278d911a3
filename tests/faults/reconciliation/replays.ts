// The same said again: a repeat changes nothing, and books that are read anew from the broker's whole history come out as
// those that grew snapshot by snapshot, whatever came late, twice or out of its order.
import type { Json } from '../../../infra/local/api-client.ts';
import type { LedgerDesk } from './ledger-desk.ts';

/** No deal names a stop: that of a trade by hand is known to those who saw it open. */
const STOPS = ['stop_loss', 'take_profit', 'initial_stop', 'r_multiple'];
/** What a deal had booked that was cancelled since is known to those who saw it. */
const BALANCE = ['entry_balance', 'equity_percent'];
/** What stands of each thing, but for when it was written; `path`: what depends on which snapshots were seen, too. */
const TABLES: Readonly<Record<string, { key: readonly string[]; rows: string; path: readonly string[] }>> = {
  trades: {
    key: ['position_id', 'episode'],
    rows: "to_jsonb(t) - 'updated_at'",
    path: [...STOPS, ...BALANCE],
  },
  trade_legs: { key: ['deal_ticket'], rows: 'to_jsonb(t)', path: STOPS },
  broker_deals: { key: ['ticket', 'revision'], rows: "to_jsonb(t) - 'recorded_at'", path: ['revision'] },
  broker_orders: { key: ['ticket', 'state'], rows: "to_jsonb(t) - 'recorded_at'", path: [] },
  positions: { key: ['identifier'], rows: "to_jsonb(t) - 'snapshot_at'", path: [] },
};
/** Of these only the version that counts can be read anew. */
const LATEST = `WHERE revision = (SELECT max(revision) FROM broker_deals b WHERE (b.account_id, b.ticket) = (t.account_id, t.ticket))`;

type Rows = Readonly<Record<string, Json[]>>;

async function rowsOf({ cancelled, desk }: LedgerDesk, whole: boolean): Promise<Rows> {
  const { sql } = desk.stage;
  const entries = Object.entries(TABLES).map(async ([table, { rows, path }]) => {
    const less = whole ? [] : path.filter((column) => cancelled.size > 0 || !BALANCE.includes(column));
    const text = `SELECT (${[rows, ...less.map((c) => `'${c}'`)].join(' - ')}) AS row
      FROM (SELECT * FROM ${table} t WHERE account_id = $1) t ${table === 'broker_deals' && !whole ? LATEST : ''} ORDER BY 1`;
    return [table, (await sql(text, [desk.accountId])).map((r) => r.row)] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Divergences of the books by what they are about. How good a snapshot was says nothing of them. */
async function divergencesOf({ desk }: LedgerDesk): Promise<Map<string, Json>> {
  const rows = await desk.stage.sql(
    `SELECT code, broker_key, id, status, resolution, detected_at::text, evidence FROM divergences
       WHERE account_id = $1 AND code NOT LIKE 'SNAPSHOT_%'`,
    [desk.accountId],
  );
  return new Map(rows.map((r) => [`${r.code} ${r.broker_key}`, r]));
}

function changes(number: number, before: Rows, after: Rows): string[] {
  return Object.keys(before).flatMap((table) => {
    const [a, b] = [before, after].map(
      (rows) => new Map(rows[table]?.map((row) => [keyOf(table, row), row])),
    );
    const keys = [...new Set([...(a?.keys() ?? []), ...(b?.keys() ?? [])])];
    return keys.flatMap((key) => {
      const [was, is] = [a?.get(key), b?.get(key)];
      if (was === undefined || is === undefined)
        return [`(${number}) ${table} ${key} ${was === undefined ? 'has come' : 'is gone'}`];
      return Object.keys(was)
        .filter((column) => JSON.stringify(was[column]) !== JSON.stringify(is[column]))
        .map((column) => `(${number}) ${table} ${key} has ${column} ${is[column]}, had ${was[column]}`);
    });
  });
}

const keyOf = (table: string, row: Json): string => (TABLES[table]?.key ?? []).map((k) => row[k]).join('#');

/** 7. A snapshot of what is known already changes no row and tells of nothing. */
export async function judgeRepeat(of: LedgerDesk): Promise<string[]> {
  const { desk } = of;
  const [rows, told] = [await rowsOf(of, true), await divergencesOf(of)];
  const [{ last }] = await desk.stage.sql(
    'SELECT max(id::text)::uuid AS last FROM reconciliation_runs WHERE account_id = $1',
    [desk.accountId],
  );
  await desk.reconcile();
  await desk.reconcile();
  const runs = await desk.stage.sql(
    `SELECT outcome, new_deals, events FROM reconciliation_runs WHERE account_id = $1 AND id > $2
       AND outcome <> 'snapshot-out-of-order'`,
    [desk.accountId, last],
  );
  const again = await divergencesOf(of);
  return [
    ...changes(7, rows, await rowsOf(of, true)),
    ...[...again].flatMap(([key, d]) =>
      JSON.stringify(told.get(key)) === JSON.stringify(d)
        ? []
        : [`(7) ${key} became ${JSON.stringify(d)}, was ${JSON.stringify(told.get(key))}`],
    ),
    // Another may have come between, whose snapshot was newer: one has been applied at least.
    ...(runs.length === 0 ? ['(7) no repeat was applied'] : []),
    ...runs
      .filter((r) => r.outcome !== 'applied' || r.new_deals > 0 || r.events.length > 0)
      .map((r) => `(7) a repeat was ${r.outcome} with ${r.new_deals} deals and ${JSON.stringify(r.events)}`),
  ];
}

/** 8. One look at the whole history makes the books that many made; 15. and what it tells of has the same ids again. */
export async function judgeAnew(of: LedgerDesk): Promise<string[]> {
  const { desk } = of;
  const [rows, told] = [await rowsOf(of, false), await divergencesOf(of)];
  await desk.stage.sql('SELECT test_wipe($1)', [desk.accountId]);
  await desk.reconcile();
  const again = await divergencesOf(of);
  return [
    ...changes(8, rows, await rowsOf(of, false)),
    ...[...again].flatMap(([key, d]) =>
      (told.get(key) ?? d).id === d.id ? [] : [`(15) ${key} was ${told.get(key)?.id} and is ${d.id}`],
    ),
  ];
}
