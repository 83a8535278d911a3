/**
 * One exchange with a bridge that polls: what it brought is taken by the same gate, plan and statements as what a webhook
 * answers, and what it is to do next goes into the reply. Invariants:
 *  1. facts are taken of every process of the bridge, in whatever order they come; of two processes the older picture does
 *     not undo the newer;
 *  2. nothing is handed out to a terminal that shows nothing, is cut off, or is logged in elsewhere, nor before a history
 *     that reaches back far enough was there to be compared; where that was one page of a longer one, closes and
 *     cancellations alone, as to any other bridge (`command-queue-store.ts`);
 *  3. only a request with a snapshot counts as heard.
 */
import { takeCandleWishes } from '../bridge/candle-wish-store.ts';
import { HELD_OUTCOMES } from '../bridge/connection-state.ts';
import { type PolledBridge, polledBridge } from '../bridge/polled-bridge.ts';
import type { SyncReply, SyncRequest } from '../bridge/sync-protocol.ts';
import { type Account, type DrivenAccount, readAccountOfBridge } from '../execution/account-store.ts';
import { readOpenCommands } from '../execution/command-store.ts';
import { handOutCommands } from '../execution/hand-out-commands.ts';
import { historyFromMs } from '../execution/resolve-commands.ts';
import type { SeenSnapshot } from '../execution/unknown-command.ts';
import { readCalendars } from '../market/calendar-store.ts';
import { nextTrading } from '../market/next-trading.ts';
import { storePushedCandles } from '../market/pushed-candle-store.ts';
import { isoTime } from '../platform/clock.ts';
import type { Deps } from '../platform/deps.ts';
import { readGuardOrder } from '../risk/guard-order-store.ts';
import { raiseGapAlerts } from '../risk/raise-gap-alerts.ts';
import { cursorAfter, dealsFromMs, type HistoryCursor } from './history-cursor.ts';
import { noteOutcome, takeSnapshot } from './reconcile-account.ts';
import { syncPace } from './sync-pace.ts';
import { type PaceFacts, readPaceFacts } from './sync-pace-store.ts';
import { takePolledBridge } from './take-next-bridge.ts';

/** Bars are many: the next request brings these, and the reply to it asks for more. */
const MAX_WISHES = 2;
/** For a bridge that drives no account yet. */
const NO_ACCOUNT_MS = 30_000;
/** A market whose last tick was no earlier is open, whatever its calendar says. */
const TICKING_MS = 60_000;

type Exchange = {
  account: DrivenAccount;
  request: SyncRequest;
  bridge: PolledBridge;
  /** Since when open commands need the history. */
  historyMs: number | null;
};
type Compared = {
  /** What came of the snapshot; null where none was brought. */
  outcome: string | null;
  seen: SeenSnapshot | null;
  handsOut: boolean;
  /** Its history does not reach back far enough, or is one page of a longer one. */
  lacking: boolean;
  /** How far the history is known now. */
  cursor: HistoryCursor;
};

/** Takes a request of a proven bridge, and says what it is answered. */
export async function takeSync(deps: Deps, bridgeId: string, request: SyncRequest): Promise<SyncReply> {
  const { clock, db } = deps;
  const account =
    (await readAccountOfBridge(db, bridgeId)) ?? (await takePolledBridge(deps, bridgeId, request.snapshot));
  if (account === null || account.released)
    return replyOf(request, { nowMs: clock.nowMs(), pauseMs: NO_ACCOUNT_MS, fromMs: null, outcome: null });
  const open = await readOpenCommands(db, account.id);
  const bridge = polledBridge(request, clock.nowMs());
  const exchange = { account, request, bridge, historyMs: historyFromMs(open) };
  const { results } = bridge;
  const compare = () => compareBooks(deps, exchange);
  const handed =
    open.length + results.length === 0 && account.leaving !== true
      ? null
      : await handOutCommands(deps, account.id, { bridge, results }, compare);
  const compared = handed ?? (await compare());
  await keepCandles(deps, exchange, compared);
  const facts = await readPaceFacts(db, account.id, clock.nowMs());
  if (facts.wishes && compared.handsOut)
    for (const wanted of await takeCandleWishes(db, bridgeId, MAX_WISHES)) await bridge.candles(wanted);
  if (request.snapshot?.guard != null && compared.handsOut) {
    const order = await readGuardOrder(db, account.id);
    if (order !== null) await bridge.guard(order);
  }
  const pauseMs = await pauseAfter(deps, exchange, compared, facts);
  const { outcome } = compared;
  const nowMs = clock.nowMs();
  const contact = { accountId: account.id, bridgeId, nowMs, nextMs: nowMs + pauseMs };
  if (outcome !== null) await noteOutcome(deps, { ...contact, outcome });
  const fromMs = dealsFromMs(compared.cursor, exchange.historyMs);
  return replyOf(request, { nowMs: clock.nowMs(), pauseMs, fromMs, outcome }, bridge);
}

async function compareBooks(
  deps: Deps,
  { account, request, bridge, historyMs }: Exchange,
): Promise<Compared> {
  const { snapshot } = request;
  const none = { seen: null, handsOut: false, lacking: false, cursor: account };
  if (snapshot === null) return { ...none, outcome: null };
  const reply = await bridge.snapshot(dealsFromMs(account, historyMs));
  if (reply.kind === 'no-reply') return { ...none, outcome: 'snapshot-incomplete', lacking: true };
  if (isOvertaken(account, snapshot)) return { ...none, outcome: 'snapshot-out-of-order' };
  const shown = { reply, fromMs: request.deals_from };
  const outcome = await takeSnapshot(deps, account, shown, deps.clock.nowMs());
  const lacking = outcome === 'catching-up';
  const seen = outcome === 'applied' ? { snapshot, fromMs: request.deals_from } : null;
  const held = HELD_OUTCOMES.includes(outcome) || outcome === 'snapshot-out-of-order';
  const cursor = lacking || seen !== null ? cursorAfter(account, snapshot) : account;
  return { outcome, seen, handsOut: !held, lacking, cursor };
}

/** Of one process the gate tells the order by its own count; of two, all that tells it is when they looked. */
const isOvertaken = (
  { bootId, snapshotMs }: Account,
  snapshot: { boot_id: string; captured_at: number },
): boolean => bootId !== snapshot.boot_id && snapshotMs !== null && snapshot.captured_at < snapshotMs;

/** Bars of a terminal that is logged in elsewhere are another broker's. */
async function keepCandles(deps: Deps, { account, bridge }: Exchange, { handsOut }: Compared): Promise<void> {
  if (!handsOut) return;
  for (const { symbol, timeframe, reply } of bridge.broughtCandles) {
    const series = [{ symbol, timeframe, bars: reply.candles }];
    await storePushedCandles(deps.db, account.id, series, reply.server_now ?? deps.clock.nowMs());
    await raiseGapAlerts(deps, account.id, series);
  }
}

async function pauseAfter(
  { db, clock }: Deps,
  { account, request }: Exchange,
  { lacking }: Compared,
  facts: PaceFacts,
): Promise<number> {
  const nowMs = clock.nowMs();
  const { snapshot } = request;
  const { doubted, commands, exposed, awaited, instruments } = facts;
  const busy = lacking || doubted || commands || exposed || awaited || snapshot === null;
  const brokerMs = snapshot?.server_now ?? snapshot?.captured_at ?? nowMs;
  const ticks = snapshot?.symbols.some((s) => brokerMs - s.time <= TICKING_MS) ?? false;
  const tradesMs =
    busy || ticks
      ? nowMs
      : nextTrading(await readCalendars(db, { instruments, accountId: account.id }, nowMs), nowMs);
  const isExposed = exposed || snapshot === null;
  return syncPace({ lacking, doubted, commands, exposed: isExposed, awaited, tradesMs }, nowMs);
}

function replyOf(
  request: SyncRequest,
  said: { nowMs: number; pauseMs: number; fromMs: number | null; outcome: string | null },
  bridge?: PolledBridge,
): SyncReply {
  return {
    v: request.v,
    kind: 'sync',
    request_id: request.request_id,
    server_time: isoTime(said.nowMs),
    next_sync_ms: said.pauseMs,
    deals_from: said.fromMs === null ? null : isoTime(said.fromMs),
    outcome: said.outcome,
    requests: [...(bridge?.requests ?? [])],
    ...(bridge?.guardOrder ? { guard: bridge.guardOrder } : {}),
  };
}
