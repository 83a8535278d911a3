// Deposits and withdrawals under the curve: a triangle up for money that came in, down for money that went out, with
// the amount where there is room. Invariants: amounts in one pixel column are one mark; no amount is cut or covers
// another; the largest are named first.
import type { ChartLayout } from './chart-layout.ts';
import type { UnderwaterPoint } from './equity-drawdown.ts';
import type { EquityPanes } from './equity-panes.ts';
import { textWidth } from './glyphs.ts';
import { centredBaseline, type Mark } from './mark.ts';
import type { PriceScale } from './price-scale.ts';
import { changeText } from './price-text.ts';
import type { EquityChart } from './resolved-chart.ts';
import type { Theme } from './theme.ts';

type Flow = { x: number; y: number; amount: number };
export type FlowInput = {
  chart: EquityChart;
  curve: readonly UnderwaterPoint[];
  panes: EquityPanes;
  scale: PriceScale;
  theme: Theme;
};
type Span = { left: number; right: number };

/** More dashed lines than this are a fence. */
const MOST_LINES = 24;

/** Height of the strip that the marks take at the pane's bottom; nothing without a flow. */
export function flowHeight({ points }: EquityChart, { layout }: EquityPanes): number {
  return points.some(({ flow }, index) => index > 0 && flow !== 0) ? layout.labelHeight : 0;
}

/** The flows after the first point, one for a pixel column: its amount, and where its line begins on the curve. */
export function flowsByColumn({ chart, curve, panes, scale }: FlowInput): Flow[] {
  const columns = new Map<number, Flow>();
  for (const [index, { flow }] of chart.points.entries()) {
    if (index === 0 || flow === 0) continue;
    const [x, y] = [Math.round(panes.xOf(index)), scale.yOf(curve[index]?.own ?? 0)];
    columns.set(x, { x, y, amount: (columns.get(x)?.amount ?? 0) + flow });
  }
  return [...columns.values()].filter(({ amount }) => amount !== 0);
}

function triangle({ x, amount }: Flow, y: number, size: number, fill: string): Mark {
  const [half, up] = [size * 0.3, amount > 0 ? -1 : 1];
  const points = [
    { x: x - half, y: y - half * up },
    { x: x + half, y: y - half * up },
    { x, y: y + half * up },
  ];
  return { kind: 'polygon', role: amount > 0 ? 'deposit' : 'withdrawal', fill, points };
}

const amountText = (amount: number, digits: number): string =>
  changeText(amount, digits).replace(/\.0+$/, '');

const clear = (span: Span, taken: readonly Span[]): boolean =>
  taken.every(({ left, right }) => span.right <= left || span.left >= right);

/** Amounts right of their marks, or left where the pane ends; one that would cover a mark or another is left out. */
function amountMarks(
  flows: readonly Flow[],
  y: number,
  digits: number,
  panes: EquityPanes,
  theme: Theme,
): Mark[] {
  const { plot, fontSize } = panes.layout;
  const size = Math.round(fontSize * 0.8);
  const reach = fontSize * 0.45;
  const taken = flows.map(({ x }) => ({ left: x - reach, right: x + reach }));
  const marks: Mark[] = [];
  for (const { x, amount } of flows.toSorted((one, other) => Math.abs(other.amount) - Math.abs(one.amount))) {
    const text = amountText(amount, digits);
    const width = textWidth(text, 600, size) + size * 0.4;
    const sides = [
      { left: x + reach, right: x + reach + width },
      { left: x - reach - width, right: x - reach },
    ];
    const inside = sides.filter(({ left, right }) => left >= plot.x && right <= plot.x + plot.width);
    const free = inside.find((span) => clear(span, taken));
    if (free === undefined) continue;
    taken.push(free);
    const place = { x: free.left + size * 0.1, y: centredBaseline(y, size), size } as const;
    marks.push({
      kind: 'text',
      role: 'flow',
      text,
      ...place,
      weight: 600,
      anchor: 'start',
      fill: theme.text,
    });
  }
  return marks;
}

/** A dashed line from the curve down to the mark. */
function flowLine({ x, y }: Flow, { labelHeight, plot, ratio }: ChartLayout, theme: Theme): Mark {
  const middle = x + 0.5 * (ratio % 2);
  const [from, to] = [
    { x: middle, y },
    { x: middle, y: plot.y + plot.height - labelHeight },
  ];
  const look = { stroke: theme.muted, width: ratio, dash: [2 * ratio, 3 * ratio] } as const;
  return { kind: 'line', role: 'flow-line', ...look, from, to };
}

/** Marks and amounts of all flows after the first point, each with a line to the curve where they are few. */
export function flowMarks(input: FlowInput): Mark[] {
  const { chart, panes, theme } = input;
  const { plot, fontSize, labelHeight } = panes.layout;
  const flows = flowsByColumn(input);
  const y = plot.y + plot.height - labelHeight / 2;
  const lined = flows.length > MOST_LINES ? [] : flows;
  return [
    ...lined.map((flow) => flowLine(flow, panes.layout, theme)),
    ...flows.map((flow) => triangle(flow, y, fontSize, theme.entry)),
    ...amountMarks(flows, y, chart.digits, panes, theme),
  ];
}
