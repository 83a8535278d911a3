/**
 * Group commit. Signals of one producer that reach an isolate while others of it are on their way to the database wait
 * for the next call and share it: under load a signal costs a fraction of a round trip, alone it costs one and waits for
 * nobody. Invariants:
 *  1. nobody is told anything of a signal but what the statement that held it said of that signal;
 *  2. a group that fails, or whose proof is no longer taken, is tried one by one, so that no request pays for another;
 *  3. nobody depends on a request that is gone: whoever waits looks for himself whether he may go on, and a call that
 *     has not come back in time counts no longer;
 *  4. nobody waits for two calls to fail: a database that did not answer while one waited is unreachable for him as well.
 * Requests of an isolate share memory and not each other's I/O: a call belongs to the request that makes it, and is put
 * behind its answer (`after`), so that it ends even where its caller has hung up.
 */
import { databaseFault, lostAnswer } from '../platform/database.ts';
import type { Deps } from '../platform/deps.ts';
import { type IngestOutcome, ingestSignal, ingestSignals, type NewSignal } from './ingest-store.ts';

/** Calls of one lane at once: more would take small groups, one would leave the database idle. */
const PARALLEL = 2;
const MAX_GROUP = 50;
/** How often who waits looks for himself; the runtime ends a request that waits for nothing of its own. */
const LOOK_MS = 250;
/** Longer than a call to the database takes; who waits has time left to make one himself. */
const LOST_MS = 20_000;
const PATIENCE_MS = 30_000;
/** Who has waited so long is told of the failure that he waited for; before that it may be but a connection that broke. */
const LONG_MS = 5_000;

type Waiting = {
  signal: NewSignal;
  sinceMs: number;
  taken: boolean;
  outcome: PromiseWithResolvers<IngestOutcome>;
  turn: PromiseWithResolvers<void>;
};
type Lane = { waiting: Waiting[]; calls: Set<{ sinceMs: number }> };
type Doors = Pick<Deps, 'db' | 'clock' | 'after'>;

/** By producer and what proved it: signals proven by another secret may meet another fate. */
const lanes = new Map<string, Lane>();

/** Stores the signal or says why not, as `ingestSignal` does; together with others where others are on their way. */
export async function ingestGrouped(deps: Doors, signal: NewSignal): Promise<IngestOutcome> {
  const key = `${signal.producerId} ${'secretVersion' in signal ? signal.secretVersion : signal.hookSha256}`;
  const lane = lanes.get(key) ?? { waiting: [], calls: new Set() };
  lanes.set(key, lane);
  const mine: Waiting = {
    signal,
    sinceMs: deps.clock.nowMs(),
    taken: false,
    outcome: Promise.withResolvers(),
    turn: Promise.withResolvers(),
  };
  // Whoever has hung up hears of no failure.
  mine.outcome.promise.catch(() => {});
  lane.waiting.push(mine);
  try {
    return await outcomeOf(deps, lane, mine);
  } finally {
    if (lane.waiting.length === 0 && lane.calls.size === 0) lanes.delete(key);
  }
}

async function outcomeOf(deps: Doors, lane: Lane, mine: Waiting): Promise<IngestOutcome> {
  const { clock } = deps;
  for (;;) {
    if (!mine.taken && isFree(lane, clock.nowMs())) {
      call(deps, lane);
      if (mine.taken) return mine.outcome.promise;
    }
    const look = clock.sleep(LOOK_MS);
    const told = await Promise.race([
      mine.outcome.promise.then((outcome) => ({ outcome })),
      mine.taken ? look : Promise.race([mine.turn.promise, look]),
    ]);
    if (told !== undefined) return told.outcome;
    if (clock.nowMs() - mine.sinceMs > PATIENCE_MS) {
      lane.waiting = lane.waiting.filter((w) => w !== mine);
      throw lostAnswer('a shared call to the database');
    }
  }
}

function isFree(lane: Lane, nowMs: number): boolean {
  for (const one of lane.calls) if (nowMs - one.sinceMs > LOST_MS) lane.calls.delete(one);
  return lane.calls.size < PARALLEL;
}

/** Takes those that wait to the database, and then wakes the first of those that have come since. */
function call({ db, clock, after }: Doors, lane: Lane): void {
  const group = lane.waiting.splice(0, MAX_GROUP);
  for (const one of group) one.taken = true;
  const mark = { sinceMs: clock.nowMs() };
  lane.calls.add(mark);
  after(async () => {
    try {
      const failure = await store(db, group);
      if (failure !== null) giveUp(lane, failure, clock.nowMs());
    } finally {
      lane.calls.delete(mark);
      lane.waiting[0]?.turn.resolve();
    }
  });
}

/** Tells those who have waited long what the call came to that they waited for. */
function giveUp(lane: Lane, failure: unknown, nowMs: number): void {
  const long = lane.waiting.filter((one) => nowMs - one.sinceMs > LONG_MS);
  lane.waiting = lane.waiting.filter((one) => !long.includes(one));
  for (const one of long) {
    one.taken = true;
    one.outcome.reject(failure);
  }
}

/** Stores the group, and tells each what became of its own. What was thrown where the database cannot be reached, or null. */
async function store(db: Deps['db'], group: readonly Waiting[]): Promise<unknown> {
  try {
    for (const one of group.length === 1 ? group : await storeTogether(db, group)) await storeAlone(db, one);
    return null;
  } catch (e) {
    // It is not asked again for each of them; who has been told of his own hears nothing of this.
    for (const one of group) one.outcome.reject(e);
    return e;
  }
}

/** Throws where the database cannot be reached; any other failure is the signal's own. */
async function storeAlone(db: Deps['db'], { signal, outcome }: Waiting): Promise<void> {
  try {
    outcome.resolve(await ingestSignal(db, signal));
  } catch (e) {
    if (databaseFault(e)?.kind === 'unreachable') throw e;
    outcome.reject(e);
  }
}

/** Stores the group by one statement; returns those that must be tried one by one. Throws as `storeAlone` does. */
async function storeTogether(db: Deps['db'], group: readonly Waiting[]): Promise<Waiting[]> {
  const rows = group.map((one) => one.signal).sort(byKeys);
  const latest = rows.reduce((a, b) => (b.receivedMs > a.receivedMs ? b : a));
  try {
    const outcomes = await ingestSignals(db, latest, rows);
    const told = new Map(rows.map((row, i) => [row.id, outcomes[i]]));
    return group.filter(({ signal, outcome }) => {
      const its = told.get(signal.id);
      if (its === undefined || its.kind === 'revoked') return true;
      outcome.resolve(its);
      return false;
    });
  } catch (e) {
    if (databaseFault(e)?.kind === 'unreachable') throw e;
    return [...group];
  }
}

/** One order for all isolates, so that two groups with the same keys do not wait for each other crosswise. */
function byKeys(a: NewSignal, b: NewSignal): number {
  const [one, other] = [a, b].map((s) => [
    s.body.external_id ?? '',
    s.body.instrument,
    s.body.side,
    s.body.version,
    s.mac,
  ]);
  return String(one) < String(other) ? -1 : 1;
}
