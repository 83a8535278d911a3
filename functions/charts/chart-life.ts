/**
 * How long a chart that somebody asked for is kept; the one that an event draws of its signal or trade belongs to it and
 * stays for ever, whoever asks for the same. Invariants: a market chart is promised to be immutable for a year, so its row, without which it could not be drawn again, lives that long from
 * the last time it was asked for; anything that is private (a signal, trades, an account, points or values sent along) is a
 * preview of a moment and goes `previewSeconds` after it was last asked for.
 */
import { isPrivateChart, type ResolvedChart } from './resolved-chart.ts';

const YEAR_MS = 365 * 86_400_000;

export type ChartSubjectIds = { signalId: string | null; tradeId: string | null };

/** The one signal or trade that a chart belongs to, if any. */
export function subjectIds({ reference }: ResolvedChart): ChartSubjectIds {
  return {
    signalId: reference !== undefined && 'signal_id' in reference ? reference.signal_id : null,
    tradeId: reference !== undefined && 'trade_id' in reference ? reference.trade_id : null,
  };
}

/** Until when the chart is kept, in milliseconds UTC. */
export function expiryMs(chart: ResolvedChart, nowMs: number, previewSeconds: number): number {
  return nowMs + (isPrivateChart(chart) ? previewSeconds * 1000 : YEAR_MS);
}
