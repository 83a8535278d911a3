// How far an equity curve stood below its highest point before, as MetaTrader's reports state it: cash flows are left
// out, so a withdrawal is no loss and a deposit no gain. The maximal drawdown is the largest in money, with its share
// of the peak; the relative one is the largest share, with its money: two events that need not be the same.
// Floats are enough here: a picture books nothing, and every amount is rounded at the account's digits.
import type { EquityPoint } from './resolved-chart.ts';

/** A point of the curve: its own equity (flows left out), how far under the peak it stands, and where that peak is. */
export type UnderwaterPoint = {
  timeMs: number;
  /** Equity less all flows after the first point, which is what the account began with. */
  own: number;
  /** Index of the highest point so far, the latest of equals. */
  peak: number;
  /** Money below the peak, zero or more. */
  down: number;
  /** `down` as percent of the peak; null where the peak is not above zero: nothing can be a share of it. */
  percent: number | null;
};
/** A fall from a peak to a trough; without any fall both are the first point. */
export type Drawdown = {
  money: number;
  percent: number | null;
  from: number;
  to: number;
  fromMs: number;
  toMs: number;
};

/** The curve net of flows with its drawdown at every point; `digits` are the decimals of the account's money. */
export function underwater(points: readonly EquityPoint[], digits: number): UnderwaterPoint[] {
  const unit = 10 ** digits;
  const rounded = (value: number): number => Math.round(value * unit) / unit;
  let [flows, peak, top] = [0, 0, Number.NEGATIVE_INFINITY];
  return points.map(({ timeMs, equity, flow }, index) => {
    if (index > 0) flows += flow;
    const own = rounded(equity - flows);
    if (own >= top) [top, peak] = [own, index];
    const down = rounded(top - own);
    return { timeMs, own, peak, down, percent: top > 0 ? (down / top) * 100 : null };
  });
}

function fall(curve: readonly UnderwaterPoint[], to: number): Drawdown {
  const trough = curve[to];
  const from = trough?.peak ?? 0;
  const fromMs = curve[from]?.timeMs ?? 0;
  return {
    ...{ money: trough?.down ?? 0, percent: trough?.percent ?? null },
    ...{ from, to, fromMs, toMs: trough?.timeMs ?? fromMs },
  };
}

/** The maximal and the relative drawdown of a curve of at least one point; of equals the earliest. */
export function drawdowns(curve: readonly UnderwaterPoint[]): { maximal: Drawdown; relative: Drawdown } {
  let [deepest, largest] = [0, 0];
  for (const [index, { down, percent }] of curve.entries()) {
    if (down > (curve[deepest]?.down ?? 0)) deepest = index;
    if (percent !== null && percent > (curve[largest]?.percent ?? -1)) largest = index;
  }
  return { maximal: fall(curve, deepest), relative: fall(curve, largest) };
}
