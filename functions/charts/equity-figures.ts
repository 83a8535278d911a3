// The figures that an equity chart states, and how they are written: in its legend, its alt text and its facts alike.
import { type Drawdown, drawdowns, type UnderwaterPoint } from './equity-drawdown.ts';
import { changeText, percentText, priceText } from './price-text.ts';
import type { EquityChart } from './resolved-chart.ts';

export type EquityFigures = {
  start: string;
  end: string;
  /** What the account earned or lost: signed, flows left out. */
  net: string;
  gained: boolean;
  /** What came in less what went out after the first point; undefined without a flow. */
  flows: string | undefined;
  maximal: Drawdown & { text: string };
  /** Undefined where no peak was ever above zero. */
  relative: (Drawdown & { text: string }) | undefined;
};

/** `5.15%`; a share needs no sign here, drawdowns are falls. */
export const shareText = (percent: number): string => `${priceText(percent, 2)}%`;

function netText(chart: EquityChart, net: number, start: number): string {
  const share = chart.points.some(({ flow }, index) => index > 0 && flow !== 0)
    ? undefined
    : start > 0
      ? percentText(start, start + net)
      : undefined;
  return `${changeText(net, chart.digits)}${share === undefined ? '' : ` (${share})`}`;
}

/** The figures of a chart of at least one point; `curve` is what `underwater` makes of its points. */
export function equityFigures(chart: EquityChart, curve: readonly UnderwaterPoint[]): EquityFigures {
  const { points, digits } = chart;
  const [start, end] = [points[0]?.equity ?? 0, points.at(-1)?.equity ?? 0];
  const net = (curve.at(-1)?.own ?? 0) - (curve[0]?.own ?? 0);
  const moved = points.slice(1).filter(({ flow }) => flow !== 0);
  const flows = moved.reduce((sum, { flow }) => sum + flow, 0);
  const { maximal, relative } = drawdowns(curve);
  const money = (fall: Drawdown): string => priceText(fall.money, digits);
  const share = maximal.percent === null ? '' : ` (${shareText(maximal.percent)})`;
  return {
    start: priceText(start, digits),
    end: priceText(end, digits),
    net: netText(chart, net, start),
    gained: net >= 0,
    flows: moved.length === 0 ? undefined : changeText(flows, digits),
    maximal: { ...maximal, text: `${money(maximal)}${share}` },
    relative:
      relative.percent === null
        ? undefined
        : { ...relative, text: `${shareText(relative.percent)} (${money(relative)})` },
  };
}

/** Whether both drawdowns are one fall, which is then told once. */
export function isOneFall({ maximal, relative }: EquityFigures): boolean {
  return relative === undefined || (relative.from === maximal.from && relative.to === maximal.to);
}
