/**
 * What a guard's trip does next: it goes on until nothing in its scope is left, from what stands at that moment and not from
 * what it did before (domain 3.3). Pure. Invariants:
 *  1. level-triggered: what is seen to stand is closed again, however often and for whatever reason that failed before; only
 *     the pause before the next try grows;
 *  2. of a position or an order nothing is made while anything that may take it out is under way, whoever made it, nor of
 *     more than is left when what was closed and is not seen yet is off; what others made and was not sent gives way to it;
 *  3. working orders are cancelled first, anybody's; positions follow in the order of `liquidation-rank.ts`, each by its own
 *     ticket and with no more than its volume, so that nothing is ever opened the other way;
 *  4. a person hears once of each position or order that was refused, and of each opening of a market that is waited for.
 */
import type { CancelInstruction, TradeInstruction } from '../bridge/bridge-protocol.ts';
import { isoTime } from '../platform/clock.ts';
import { Big } from '../platform/decimal.ts';
import type { Binding } from './account-store.ts';
import type { BridgeWord } from './bridge-refusal.ts';
import type { CommandState } from './command-store.ts';
import { deviationPoints } from './deviation-ladder.ts';
import { legVolume, type VolumeLimits } from './leg-volume.ts';
import { byRisk } from './liquidation-rank.ts';
import { MARKET_CLOSED } from './retcode-class.ts';

export type StandingPosition = {
  identifier: string;
  ticket: string;
  symbol: string;
  side: 'buy' | 'sell';
  volume: string;
  /** Whether this deployment opened it. */
  ours: boolean;
};
/** An order that works. `ours` left out: it is in scope already. */
export type WorkingOrder = { ticket: string; symbol: string; ours?: boolean };
/** A close or a cancellation, whoever made it. */
export type LiquidationCommand = {
  id: string;
  kind: 'close' | 'cancel';
  /** The position's identifier, or the order's ticket. */
  subject: string;
  symbol: string;
  state: CommandState;
  reason: string | null;
  attempt: number;
  /** Of this trip. */
  own: boolean;
  /** Lots asked for, and traded as far as that was said; null of a cancellation. */
  volume: string | null;
  filled: string | null;
  /** It acted, and what is known of the broker may be older. */
  unseen: boolean;
  resolved_ms: number | null;
  not_before_ms: number | null;
};
export type LiquidationFacts = {
  tripId: string;
  scope: 'all' | 'own';
  binding: Pick<Binding, 'login' | 'server'> | null;
  /** As the last sound snapshot shows them. */
  positions: readonly StandingPosition[];
  orders: readonly WorkingOrder[];
  /** By the broker's own symbol. */
  markets: Readonly<Record<string, VolumeLimits & { tickValue: string | null; live: boolean }>>;
  /** Under way, or ended not long ago, in the order of their making. */
  commands: readonly LiquidationCommand[];
  /** Of the alerts that this trip has raised, kind and period. */
  told: readonly string[];
};
export type LiquidationAlert = {
  kind: 'liquidation-waits' | 'liquidation-stuck';
  /** What makes it be said once for a trip. */
  period: string;
  detail: Record<string, string>;
};
export type LiquidationPlan = {
  /** In the order in which they are to be sent. */
  orders: (CancelInstruction | TradeInstruction)[];
  /** Commands of others that wait to be sent, and will not be. */
  dropped: string[];
  alerts: LiquidationAlert[];
  /** When the first pause ends after which another is made; null where nothing waits for one. */
  nextMs: number | null;
};

const UNDER_WAY: ReadonlySet<CommandState> = new Set<CommandState>(['created', 'sent', 'unknown']);
const ACTED: ReadonlySet<CommandState> = new Set<CommandState>(['done', 'partial']);
/** After the first refusal, the second, and every one from then on. */
const PAUSES_MS = [10_000, 30_000, 60_000] as const;
const WAITS_FOR_MARKET = `retcode-${MARKET_CLOSED}`;
/** An order that a cancellation did not find: the next snapshot says whether it still works. */
const ORDER_GONE: BridgeWord = 'order_not_working';
/** Of a wait that ends sooner nobody needs to hear. */
const TOLD_AFTER_MS = 60_000;
/** The attempt before which the pauses of the ones before come to that. */
const TOLD_ATTEMPT = 7;
const UNSAID: VolumeLimits = { min: null, max: null, step: null };

/** Plans at `nowMs`. An account that is bound to no login has nothing that could be reached. */
export function liquidationPlan(facts: LiquidationFacts, nowMs: number): LiquidationPlan {
  const { binding, markets, positions, scope } = facts;
  if (binding === null) return { orders: [], dropped: [], alerts: [], nextMs: null };
  const inScope = ({ ours }: { ours?: boolean }) => scope === 'all' || ours !== false;
  const subjects = {
    cancel: facts.orders.filter(inScope).map((o) => ({ ...subjectOf(facts, 'cancel', o.ticket), order: o })),
    close: byRisk(positions.filter(inScope), markets).map((p) => ({
      ...subjectOf(facts, 'close', p.identifier),
      position: p,
    })),
  };
  const all = [...subjects.cancel, ...subjects.close];
  const isDue = (s: Subject): boolean => !s.busy && dueMs(s) <= nowMs;
  const closes = subjects.close.flatMap((s) =>
    isDue(s) ? (closeOrder(s, s.position, { binding, limits: markets[s.position.symbol] }) ?? []) : [],
  );
  const closing = new Set(closes.map((o) => o.pre.position_id));
  const waits = all.flatMap((s) => (s.busy ? [] : dueMs(s))).filter((ms) => ms > nowMs);
  const alerts = [...all.flatMap((s) => stuck(s)), ...closedMarkets(facts, nowMs)];
  return {
    orders: [...subjects.cancel.filter(isDue).map((s) => cancelOrder(s.order, binding)), ...closes],
    dropped: subjects.close.filter((s) => closing.has(s.id)).flatMap((s) => s.others),
    alerts: alerts.filter((a) => !facts.told.includes(`${a.kind}/${a.period}`)),
    nextMs: waits.length === 0 ? null : Math.min(...waits),
  };
}

type Subject = {
  kind: LiquidationCommand['kind'];
  id: string;
  symbol: string;
  busy: boolean;
  /** Ids of what others made for it and was not sent. */
  others: string[];
  /** What acted on it and is not seen yet. */
  unseen: LiquidationCommand[];
  /** What failed since something of this trip acted on it, the last one last. */
  failures: LiquidationCommand[];
};

function subjectOf(facts: LiquidationFacts, kind: Subject['kind'], id: string): Subject {
  const made = facts.commands.filter((c) => c.kind === kind && c.subject === id);
  const open = made.filter((c) => UNDER_WAY.has(c.state));
  // A cancellation of others does the same as one of ours; a close of theirs may be bound to prices or wait long.
  const yields = (c: LiquidationCommand) => kind === 'close' && !c.own && c.state === 'created';
  const unseen = made.filter((c) => ACTED.has(c.state) && c.unseen);
  const own = made.filter((c) => c.own && !UNDER_WAY.has(c.state));
  const since = own.findLastIndex((c) => ACTED.has(c.state));
  return {
    ...{ kind, id, symbol: made.at(-1)?.symbol ?? '' },
    busy: open.some((c) => !yields(c)) || (kind === 'cancel' && unseen.length > 0),
    others: open.filter(yields).map((c) => c.id),
    unseen,
    // One whose time was over while the market was closed was not refused, nor one of before the trip was taken up again.
    failures: own.slice(since + 1).filter((c) => c.state !== 'expired' && c.reason !== 'liquidation-stopped'),
  };
}

function dueMs({ failures }: Subject): number {
  const last = failures.at(-1);
  if (last === undefined) return Number.NEGATIVE_INFINITY;
  const pauseMs = PAUSES_MS[Math.min(failures.length, PAUSES_MS.length) - 1] ?? 0;
  return (last.resolved_ms ?? 0) + pauseMs;
}

const cancelOrder = (
  { symbol, ticket }: WorkingOrder,
  { login, server }: Pick<Binding, 'login' | 'server'>,
): CancelInstruction => ({
  kind: 'cancel',
  pre: { login, server, symbol },
  order: { symbol, order_ticket: ticket },
});

/** At the market, whatever the price; null where nothing is left of it but by a snapshot that is too old to show it. */
function closeOrder(
  { failures, unseen }: Subject,
  { identifier, side, symbol, ticket, volume: standing }: StandingPosition,
  of: { binding: Pick<Binding, 'login' | 'server'>; limits: VolumeLimits | undefined },
): TradeInstruction | null {
  const { login, server } = of.binding;
  const left = unseen.reduce((rest, c) => rest.minus(c.filled ?? c.volume ?? 0), new Big(standing));
  if (left.lte(0)) return null;
  const volume = legVolume(left, of.limits ?? UNSAID);
  return {
    kind: 'close',
    pre: { login, server, symbol, position_id: identifier, volume_at_most: volume },
    order: {
      ...{ symbol, type: side === 'buy' ? 'sell' : 'buy', volume, position_ticket: ticket },
      deviation_points: deviationPoints(failures.length),
    },
  };
}

function stuck({ failures, id, kind, symbol }: Subject): LiquidationAlert[] {
  const last = failures.at(-1);
  if (last === undefined || last.reason === ORDER_GONE) return [];
  const detail = { symbol, [kind === 'close' ? 'position' : 'order']: id, reason: last.reason ?? last.state };
  return [{ kind: 'liquidation-stuck', period: `${kind}/${id}`, detail }];
}

/** One for each symbol and opening, however many of its positions and orders wait. */
function closedMarkets({ commands }: LiquidationFacts, nowMs: number): LiquidationAlert[] {
  const waiting = commands.filter((c) => c.own && c.state === 'created' && c.reason === WAITS_FOR_MARKET);
  const told = waiting.flatMap(({ attempt, not_before_ms: untilMs, symbol }) => {
    const known = untilMs !== null && untilMs - nowMs > TOLD_AFTER_MS;
    if (!known && attempt < TOLD_ATTEMPT) return [];
    const opens = known ? isoTime(untilMs) : 'not known, asked each minute';
    return [{ symbol, opens, period: `${symbol}/${known ? opens : 'unknown'}` }];
  });
  return [...new Map(told.map((a) => [a.period, a])).values()].map(({ opens, period, symbol }) => ({
    kind: 'liquidation-waits' as const,
    period,
    detail: { symbol, opens },
  }));
}
