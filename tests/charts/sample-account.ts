// Equity curves and trade results for tests: seeded walks, and the real statements where the shared data is present.
import type { TestContext } from 'vitest';
import {
  type EquityChart,
  type EquityPoint,
  type HistogramChart,
  resolveChart,
} from '../../functions/charts/resolved-chart.ts';
import type { Statement } from '../ledger/shared-statements.ts';
import { specOf } from './sample-chart.ts';

/** Friday 2 January 2026 08:00 UTC. */
const START_S = Date.UTC(2026, 0, 2, 8) / 1000;
const HOUR_S = 3600;

/** Numbers from 0 to 1, the same for the same seed. */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

type RawPoint = { time: number; equity: string; flow?: string };

/** Points of an account that trades unevenly, earns a little and now and then moves money. */
export function equityWalk(count: number, seed = 11, start = 10_000): RawPoint[] {
  const roll = dice(seed);
  let [time, equity] = [START_S, start];
  return Array.from({ length: count }, (_, index) => {
    if (index === 0) return { time, equity: equity.toFixed(2) };
    time += Math.floor(roll() * roll() * 20 * HOUR_S);
    equity += (roll() - 0.45) * 900;
    const flow = roll() < 0.03 ? Math.round((roll() - 0.55) * 40) * 100 : 0;
    equity += flow;
    const point = { time, equity: equity.toFixed(2) };
    return flow === 0 ? point : { ...point, flow: String(flow) };
  });
}

/** Results of trades: many small gains, fewer and larger losses. */
export function profitWalk(count: number, seed = 5): string[] {
  const roll = dice(seed);
  return Array.from({ length: count }, () => {
    const size = 40 + 260 * (roll() + roll() + roll() - 0.6);
    return (roll() < 0.68 ? size : -1.4 * size).toFixed(2);
  });
}

/** A body of kind `equity`; fields may be replaced. */
export function equityBody(count = 200, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { kind: 'equity', source: { points: equityWalk(count), currency: 'USD' }, ...changes };
}

/** A body of kind `histogram`; fields may be replaced. */
export function histogramBody(count = 200, changes: Record<string, unknown> = {}): Record<string, unknown> {
  const source = { values: profitWalk(count), currency: 'USD' };
  return { kind: 'histogram', source, column: 'profit', ...changes };
}

/** An equity chart as the scene takes it. */
export function equityChart(count = 200, changes: Record<string, unknown> = {}): EquityChart {
  const chart = resolveChart(specOf(equityBody(count, changes)));
  if (chart.kind !== 'equity') throw new Error('not an equity chart');
  return chart;
}

/** A histogram as the scene takes it. */
export function histogramChart(count = 200, changes: Record<string, unknown> = {}): HistogramChart {
  const chart = resolveChart(specOf(histogramBody(count, changes)));
  if (chart.kind !== 'histogram') throw new Error('not a histogram');
  return chart;
}

/** The balance of a statement after every trade and cash flow, in the order in which they happened. */
export function statementPoints(
  read: (t: TestContext) => Statement,
  t: TestContext,
): { points: EquityPoint[]; nets: number[] } {
  const { legs, flows } = read(t);
  const events = [
    ...flows.map(({ timeMs, amount, ticket }) => ({ timeMs, ticket, flow: Number(amount), net: 0 })),
    ...legs.map((leg) => ({ timeMs: leg.closedMs, ticket: leg.dealTicket, flow: 0, net: Number(leg.net) })),
  ].toSorted((one, other) => one.timeMs - other.timeMs || Number(one.ticket) - Number(other.ticket));
  let balance = 0;
  const points = events.map(({ timeMs, flow, net }) => {
    balance += flow + net;
    return { timeMs, equity: Number(balance.toFixed(2)), flow };
  });
  return { points, nets: legs.map(({ net }) => Number(net)) };
}
