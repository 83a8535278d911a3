/**
 * Why a guard fired and what came of it, for a person: the samples that decided, the money that was no loss, what was closed at
 * which price, who stepped in, and what still stands and why. Every figure of a closing is that of the broker's deals, never of
 * a quote; what no deal shows was not closed. Pure. Times go out as ISO 8601, money as plain decimals, shares as floats in
 * percent.
 */
import type { Deal } from '../ledger/trade-projection.ts';
import { isoTime } from '../platform/clock.ts';
import { Big, decimalPlaces, plain, sum, weightedAverage } from '../platform/decimal.ts';
import type { GuardFigures, RecentSample } from './guard-state.ts';

export type ExplainedTrip = {
  id: string;
  causes: readonly string[];
  shadow: boolean;
  scope: 'all' | 'own';
  figures: Pick<GuardFigures, 'equity' | 'nav' | 'peak' | 'drawdownBps'>;
  warnedMs: number;
  deadlineMs: number;
  triggeredMs: number | null;
  revokedMs: number | null;
  flatMs: number | null;
  stoppedMs: number | null;
  endedMs: number | null;
  endReason: string | null;
};
/** What we told the broker for the trip, oldest first. `subject`: the position's identifier or the order's ticket. */
export type ClosingCommand = {
  kind: 'close' | 'cancel';
  subject: string;
  symbol: string;
  state: string;
  /** Why not, as it is stored (`retcode-10018`, `bridge-timeout`). */
  reason: string | null;
};
/** A position or working order in the scope that is still there. */
export type Standing = { kind: 'position' | 'order'; subject: string; symbol: string; volume: string | null };
/**
 * What a person did to the trip. Its cause stays what it began by: who orders everything closed while it closes already joins
 * it (`joined`), and is told here. `by`: the user's id.
 */
export type PersonStep = {
  kind: 'close-all' | 'stop' | 'rearm';
  atMs: number;
  by: string | null;
  reason: string | null;
  joined: boolean;
};
type ClosingDeal = Pick<
  Deal,
  | ('ticket' | 'positionId' | 'timeMs' | 'entry' | 'symbol' | 'volume' | 'price' | 'reason')
  | ('profit' | 'swap' | 'commission' | 'fee')
>;

export type ClosedPosition = {
  position_id: string;
  symbol: string;
  volume: string;
  /** Volume-weighted over the deals. */
  price: string | null;
  net: string;
  first_at: string;
  last_at: string;
  deals: string[];
  /** Who closed, in the broker's word: `expert` is us. */
  by: string[];
};
/** `order`: its ticket. */
export type CancelledOrder = { order: string; symbol: string };
export type GuardExplanation = {
  summary: string[];
  samples: {
    at: string;
    equity: string;
    flow: string;
    nav: string;
    drawdown_percent: number;
    verdict: string;
    meaning: string;
  }[];
  flows: { at: string; amount: string }[];
  closed: ClosedPosition[];
  cancelled: CancelledOrder[];
  standing: (Standing & { why: string; tries: number })[];
  interventions: { at: string; kind: PersonStep['kind']; by: string | null; reason: string | null }[];
  realised: string;
};

/**
 * `deals`: those of the positions in scope that were booked since the warning, in any order; `orders`: those in scope that the broker
 * has cancelled since then, whoever asked for it; `steps`: oldest first.
 */
export function guardExplanation(
  trip: ExplainedTrip,
  facts: {
    samples: readonly RecentSample[];
    deals: readonly ClosingDeal[];
    orders: readonly CancelledOrder[];
    commands: readonly ClosingCommand[];
    standing: readonly Standing[];
    steps: readonly PersonStep[];
  },
): GuardExplanation {
  const closed = closedPositions(trip, facts.deals);
  const standing = facts.standing.map((s) => ({ ...s, ...whyStanding(s, facts.commands) }));
  const stands = new Set(facts.standing.map((s) => s.subject));
  // The history of orders may come a while after the answer to a command.
  const done = facts.commands
    .filter((c) => c.kind === 'cancel' && c.state === 'done' && !stands.has(c.subject))
    .map((c) => ({ order: c.subject, symbol: c.symbol }));
  const cancelled = new Map([...done, ...facts.orders].map((o) => [o.order, o]));
  const realised = sum(closed.map((c) => c.net));
  return {
    summary: summaryOf(trip, { closed, cancelled: cancelled.size, standing, realised }, facts.steps),
    samples: facts.samples.map(sampleRow),
    flows: facts.samples.flatMap((s) =>
      new Big(s.flow).eq(0) ? [] : [{ at: isoTime(s.atMs), amount: s.flow }],
    ),
    closed,
    cancelled: [...cancelled.values()],
    standing,
    interventions: facts.steps.map(({ atMs, kind, by, reason }) => ({ at: isoTime(atMs), kind, by, reason })),
    realised,
  };
}

/** What closed since the warning: a position's own deals, in the order of their first. */
function closedPositions({ warnedMs }: ExplainedTrip, deals: readonly ClosingDeal[]): ClosedPosition[] {
  const exits = [...deals]
    .filter((d) => d.entry !== null && d.entry !== 'in')
    .sort((a, b) => a.timeMs - b.timeMs || Number(BigInt(a.ticket) - BigInt(b.ticket)));
  return [...Map.groupBy(exits, (d) => d.positionId)].map(([positionId, of]) => ({
    position_id: positionId,
    symbol: of[0]?.symbol ?? '',
    volume: sum(of.map((d) => d.volume)),
    price: weightedAverage(of, Math.max(...of.map((d) => decimalPlaces(d.price))) + 2),
    net: sum(of.flatMap((d) => [d.profit, d.swap, d.commission, d.fee])),
    first_at: isoTime(of[0]?.timeMs ?? warnedMs),
    last_at: isoTime(of.at(-1)?.timeMs ?? warnedMs),
    deals: of.map((d) => d.ticket),
    by: [...new Set(of.map((d) => d.reason))],
  }));
}

const UNDER_WAY = new Set(['created', 'sent', 'unknown']);
const REASONS: Readonly<Record<string, string>> = {
  'retcode-10004': 'the price moved while it was asked',
  'retcode-10006': 'the broker rejected it',
  'retcode-10017': 'the broker has disabled trading on the account',
  'retcode-10018': 'the market is closed',
  'retcode-10019': 'there was not enough money',
  'retcode-10020': 'the price moved while it was asked',
  'retcode-10021': 'there was no price',
  'retcode-10026': 'the broker has disabled automatic trading',
  'retcode-10027': 'automatic trading is switched off in the terminal',
  'retcode-10029': 'it was frozen near its own price',
  'retcode-10031': 'the terminal had no connection to the broker',
};

function whyStanding({ subject }: Standing, commands: readonly ClosingCommand[]) {
  const tried = commands.filter((c) => c.subject === subject);
  const last = tried.at(-1);
  const reason = last?.reason ?? null;
  if (last === undefined) return { tries: 0, why: 'nothing was sent for it yet' };
  const said = reason === null ? null : (REASONS[reason] ?? reason);
  if (UNDER_WAY.has(last.state))
    return { tries: tried.length, why: said === null ? 'it is under way' : `it is under way; last: ${said}` };
  return { tries: tried.length, why: said ?? 'it was accepted, and no deal shows it yet' };
}

const MEANINGS: Readonly<Record<RecentSample['verdict'], string>> = {
  accepted: 'within every limit',
  breach: 'beyond a limit; a second one had to confirm it',
  'hard-breach': 'so far beyond that nothing had to confirm it',
  'not-newer': 'no newer than the one before, so it was not judged',
  'not-finite': 'a figure was none, so it was not judged',
  'zero-equity': 'zeros that no deal explains, so it was not judged',
  'identity-broken': 'balance, credit and positions did not add up to the equity, so it was not judged',
  'unposted-flow': 'money had moved without its deal, or a deal without its money, so it was not judged yet',
  'price-jump': 'the price had jumped, and no second quote had shown it yet',
};

const sampleRow = (s: RecentSample): GuardExplanation['samples'][number] => ({
  at: isoTime(s.atMs),
  ...{ equity: s.equity, flow: s.flow, nav: s.nav },
  drawdown_percent: s.drawdownBps / 100,
  verdict: s.verdict,
  meaning: MEANINGS[s.verdict],
});

const CAUSES: Readonly<Record<string, string>> = {
  floor: 'the equity fell below the floor',
  equity: 'nothing was left',
  bridge: 'the bridge closed by its own guard',
  person: 'a person ordered it',
  'stop-out': 'the broker closed for want of margin',
  'market-gap': 'the market gapped',
  'market-spread': 'the spread went apart',
};

function causeText(cause: string, { figures }: ExplainedTrip): string {
  if (cause === 'drawdown')
    return `a unit fell ${plain(new Big(figures.drawdownBps / 100).round(2))} % below its peak`;
  if (cause.startsWith('daily:')) return `the limit "${cause.slice('daily:'.length)}" was reached`;
  return CAUSES[cause] ?? cause;
}

function summaryOf(
  trip: ExplainedTrip,
  {
    closed,
    cancelled,
    standing,
    realised,
  }: Pick<GuardExplanation, 'closed' | 'standing' | 'realised'> & { cancelled: number },
  steps: readonly PersonStep[],
): string[] {
  const would = trip.shadow ? 'In shadow, nothing was done: ' : '';
  const causes = trip.causes.map((cause) => causeText(cause, trip)).join('; ');
  const lines = [`${would}${causes}, at an equity of ${trip.figures.equity}.`];
  const { revokedMs, triggeredMs, flatMs, stoppedMs, endedMs } = trip;
  if (revokedMs !== null)
    lines.push(`It was taken back at ${isoTime(revokedMs)}, before anything was closed.`);
  else if (triggeredMs === null)
    lines.push(`It closes at ${isoTime(trip.deadlineMs)} unless that is taken back.`);
  if (triggeredMs === null || trip.shadow) return lines;
  const what = trip.scope === 'all' ? 'Everything on the account' : 'What this deployment opened';
  lines.push(`${what} was to be closed from ${isoTime(triggeredMs)} on.`);
  for (const { atMs, reason } of steps.filter((step) => step.joined))
    lines.push(`A person ordered it as well at ${isoTime(atMs)}${reason === null ? '' : `: ${reason}`}.`);
  lines.push(`${closed.length} positions closed for ${realised}, ${cancelled} working orders cancelled.`);
  for (const s of standing) lines.push(`${s.kind} ${s.subject} (${s.symbol}) stands: ${s.why}.`);
  if (stoppedMs !== null) lines.push(`Its owner stopped it at ${isoTime(stoppedMs)}.`);
  if (flatMs !== null) lines.push(`Nothing in scope was left at ${isoTime(flatMs)}.`);
  if (endedMs !== null)
    lines.push(`It was over at ${isoTime(endedMs)}${trip.endReason ? `: ${trip.endReason}` : ''}.`);
  return lines;
}
