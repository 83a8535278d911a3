// What must hold of a guard that a schedule is over of, read from the tables and from the broker's own book. Each sentence is
// something that is wrong, and begins with the number of what it breaks:
// 1. who is tripped becomes flat, and nothing enters until he is re-armed; 2. who fell trips within the bound, and nobody else;
// 3. the fall is that of trading alone; 4. each position is closed once; 5. a latch is opened by people; 6. people are told
// before anything is closed, and once; 7. with us gone the bridge keeps the bounds by itself.
import type { Row } from '../../../functions/platform/database.ts';
import { judgeBounds } from './guard-bounds.ts';
import type { Chain } from './guard-chain.ts';
import { chainOf, clock, fallAt, type Link } from './guard-chain.ts';
import { guardNotes, type Note } from './guard-notes.ts';
import type { Deed, GuardedAccount } from './guarded-account.ts';

const TRIP_BPS = 2_000;
const HARD_BPS = 2_500;
const SLACK_BPS = 50;
const WARNING_MS = 10_000;
/** Below so many times the broker's own level there is no time to be sure. */
const NEAR_STOP_OUT = 1.1;
/** Of a fall that is reckoned otherwise. */
const ROUNDING_BPS = 0.1;

export type Judged = { account: GuardedAccount; notes: Note[]; trips: Row[]; chain: Chain };

/** When a person opened the latch. */
export const rearms = ({ deeds }: GuardedAccount): number[] =>
  deeds.flatMap((d) => (d.what === 'rearm' && d.status === 200 ? [d.atMs] : []));
const ms = (value: unknown): number => new Date(value as string | Date).getTime();

export async function judgeGuard(account: GuardedAccount): Promise<{ wrong: string[]; judged: Judged }> {
  const { t, at, world } = account;
  const id = at.desk.account.id;
  const notes = await guardNotes(t, id);
  const trips = await t.sql(
    'SELECT * FROM guard_trips WHERE account_id = $1 AND NOT shadow ORDER BY warned_at',
    [id],
  );
  const chain = chainOf(notes, world.truth, rearms(account));
  const judged = { account, notes, trips, chain };
  const wrong = [
    ...entries(judged),
    ...flat(judged),
    ...trips.flatMap((trip) => meant(judged, trip)),
    ...judgeBounds(judged),
    ...chain.wrong,
    ...(await closedOnce(account)),
    ...latch(judged),
    ...(await told(judged)),
  ];
  return { wrong, judged };
}

/** 1. */
const entries = ({ notes }: Judged): string[] =>
  notes
    .filter((n) => n.kind === 'sent' && ['open', 'place'].includes(n.body.kind))
    .filter((n) => !['armed', 'empty'].includes(n.body.phase))
    .map((n) => `(1) at ${clock(n.atMs)} an entry was sent while the guard was ${n.body.phase}`);

/** 1. Judged once all is quiet. */
function flat({ account, trips }: Judged): string[] {
  const open = trips.find((t) => t['ended_at'] === null && t['triggered_at'] !== null);
  if (open === undefined) return [];
  const { positions, orders } = account.book();
  const left = [...positions, ...orders].map((row: { ticket: string }) => row.ticket);
  return [
    ...(left.length === 0
      ? []
      : [`(1) ${left.length} still stand after the trip of ${clock(ms(open['triggered_at']))}`]),
    ...(open['flat_at'] !== null
      ? []
      : [`(1) the trip of ${clock(ms(open['triggered_at']))} is not told to be flat`]),
  ];
}

/** Ordered by a person, or brought forward by one who joined it. */
function isPersons({ deeds }: GuardedAccount, trip: Row): boolean {
  const joined = (d: Deed) =>
    d.what === 'close-all' && d.status === 200 && d.atMs === ms(trip['triggered_at'] ?? 0);
  return String(trip['cause']).split(',').includes('person') || deeds.some(joined);
}
const isBridges = (trip: Row): boolean => String(trip['cause']).split(',').includes('bridge');

/** 2. Two samples of a fall, or one that left no time; and the warning was as long as it was said to be. */
function meant({ account, chain }: Judged, trip: Row): string[] {
  const [warnedMs, triggeredMs] = [
    ms(trip['warned_at']),
    trip['triggered_at'] === null ? null : ms(trip['triggered_at']),
  ];
  const at = `the trip of ${clock(warnedMs)}`;
  if (isPersons(account, trip)) return [];
  const early = triggeredMs !== null && triggeredMs - warnedMs < WARNING_MS && !isBridges(trip);
  const { hard } = trip['evidence'] as { hard: boolean };
  const tooSoon =
    early && !hard && !turnedHard(chain, warnedMs, triggeredMs) ? [`(6) ${at} closed before its time`] : [];
  if (isBridges(trip)) return [];
  const own = chain.links.filter((l) => l.storedMs <= warnedMs);
  const last = own.at(-1);
  if (last === undefined) return [`(2) ${at} has no sample`];
  if (!last.settled) {
    account.world.count('trip judged by money under way');
    return tooSoon;
  }
  if (isHard(account, last)) return tooSoon;
  const cleared = own.findLastIndex((l) => l.settled && !isDown(l));
  const before = own
    .slice(cleared + 1, -1)
    .filter((l) => l.capture.capturedMs <= last.capture.capturedMs - 1_000);
  const isConfirmed =
    isDown(last) && before.some((l) => l.capture.capturedMs >= last.capture.capturedMs - 15_000);
  return [
    ...tooSoon,
    ...(isConfirmed ? [] : [`(2) ${at} was no fall that two samples had shown: ${fallOf(own)}`]),
  ];
}

const isDown = (l: Link): boolean => fallAt(l, l.peak.most) >= TRIP_BPS - ROUNDING_BPS;
function isHard({ at }: GuardedAccount, l: Link): boolean {
  const { equity, marginLevel } = l.capture;
  if (equity <= 0 || fallAt(l, l.peak.most) >= HARD_BPS - ROUNDING_BPS) return true;
  const level = Number(at.host.engine.account(at.desk.account.login).margin_so_so);
  return isDown(l) && marginLevel !== null && marginLevel < level * NEAR_STOP_OUT;
}
const turnedHard = ({ links }: Chain, fromMs: number, toMs: number): boolean =>
  links.some(
    (l) =>
      l.storedMs >= fromMs &&
      l.storedMs <= toMs &&
      (!l.settled || fallAt(l, l.peak.most) >= HARD_BPS - ROUNDING_BPS),
  );
const fallOf = (links: readonly Link[]): string =>
  links
    .slice(-3)
    .map((l) => `${clock(l.capture.capturedMs)} ${fallAt(l, l.peak.most).toFixed(1)}`)
    .join(', ');

/** 4. By the broker's own deals and the bridge's journal. */
async function closedOnce({ at, byHand, t }: GuardedAccount): Promise<string[]> {
  const state = at.book();
  const own = state.accounts.find((a) => a.login === at.desk.account.login);
  const entering = await t.sql(
    `SELECT (magic >> 4)::text AS number FROM commands WHERE account_id = $1 AND kind IN ('open', 'place')`,
    [at.desk.account.id],
  );
  const numbers = new Set(entering.map((r) => String(r['number'])));
  const opened = (own?.deals ?? []).filter((d) => d['entry'] === 'in' || d['entry'] === 'inout');
  const strange = opened.filter((d) =>
    d['magic'] === '0'
      ? !byHand.has(String(d['order']))
      : !numbers.has(String(BigInt(String(d['magic'])) >> 4n)),
  );
  return [
    ...state.journal
      .filter((j) => j.executed > 1)
      .map((j) => `(4) ${j.cmd_id} was executed ${j.executed} times`),
    ...strange.map((d) => `(4) deal ${d['ticket']} opened ${d['volume']} that nobody ordered`),
    ...opened
      .filter((d) => d['entry'] === 'inout' && !byHand.has(String(d['order'])))
      .map((d) => `(4) deal ${d['ticket']} turned a position round`),
  ];
}

/** 5. And a suspicion or a warning ends by itself only once the account has recovered. */
function latch({ account, chain, notes, trips }: Judged): string[] {
  const opened = rearms(account);
  const rising = (atMs: number, belowBps: number): boolean => {
    const last = chain.links.findLast((l) => l.storedMs <= atMs);
    return last === undefined || !last.settled || fallAt(last, last.peak.least) < belowBps + ROUNDING_BPS;
  };
  return notes
    .filter((n) => n.kind === 'phase')
    .flatMap(({ atMs, body: { was, is } }) => {
      const at = `(5) at ${clock(atMs)}`;
      if (was === 'flat_latched' && is !== 'tripped' && !opened.includes(atMs))
        return [`${at} the latch opened by itself`];
      if (was === 'tripped' && is !== 'flat_latched' && !trips.some((trip) => isPersons(account, trip)))
        return [`${at} a trip ended without its latch`];
      if (was === 'warned' && is === 'armed' && !rising(atMs, TRIP_BPS - SLACK_BPS))
        return [`${at} a warning was taken back`];
      if (was === 'suspect' && is === 'armed' && !rising(atMs, TRIP_BPS))
        return [`${at} a suspicion was dropped`];
      return [];
    });
}

/** 6. */
async function told({ account, trips }: Judged): Promise<string[]> {
  const { t, at } = account;
  const alerts = await t.sql(
    `SELECT kind, split_part(period, '/', 1) AS trip, period, created_at FROM alerts WHERE subject_id = $1 AND kind LIKE 'guard-%'`,
    [at.desk.account.id],
  );
  const closes = await t.sql(
    `SELECT trip_id::text AS trip, min(sent_at) AS first FROM commands WHERE account_id = $1 AND trip_id IS NOT NULL GROUP BY 1`,
    [at.desk.account.id],
  );
  return trips.flatMap((trip) => {
    const of = (kind: string) => alerts.filter((a) => a['kind'] === kind && a['period'] === trip['id']);
    const name = `the trip of ${clock(ms(trip['warned_at']))}`;
    const first = closes.find((c) => c['trip'] === trip['id'])?.['first'] ?? null;
    const [warned] = of('guard-warned');
    const isTriggered = trip['triggered_at'] !== null;
    const byPerson = isPersons(account, trip);
    const said = alerts.filter((a) => a['kind'] === 'guard-tripped' && a['trip'] === trip['id']);
    const counts = [
      ...(byPerson || of('guard-warned').length === 1 ? [] : [`(6) of ${name} nobody was warned`]),
      ...(of('guard-tripped').length === Number(isTriggered) || (byPerson && said.length > 0)
        ? []
        : [`(6) of ${name} it was said ${of('guard-tripped').length} times that it closes`]),
    ];
    const late = first !== null && warned !== undefined && ms(warned['created_at']) > ms(first);
    return [...counts, ...(late ? [`(6) ${name} was told after the first close`] : [])];
  });
}
