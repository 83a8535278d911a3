// The words of an equity chart's legend: whose curve it is, what it earned, how far it fell; under cards, which have
// result, drawdowns and end, what they leave out.
import { accountName } from './account-name.ts';
import type { Headed } from './chart-frame.ts';
import type { ChartLayout } from './chart-layout.ts';
import { type EquityFigures, isOneFall } from './equity-figures.ts';
import type { LegendGroup } from './legend.ts';
import type { EquityChart } from './resolved-chart.ts';
import type { Theme } from './theme.ts';

function figure(role: string, name: string, value: string, theme: Theme, fill: string): LegendGroup {
  return {
    role: `legend-${role}`,
    parts: [
      { text: name, weight: 400, fill: theme.muted },
      { text: value, weight: 600, fill },
    ],
  };
}

function heading(chart: EquityChart, name: string | undefined, flows: boolean, theme: Theme): LegendGroup[] {
  const what = flows ? 'Equity net of cash flows' : 'Equity';
  const currency = chart.currency === undefined ? '' : `, ${chart.currency}`;
  const named: LegendGroup[] =
    name === undefined
      ? []
      : [{ role: 'legend-name', parts: [{ text: name, weight: 600, fill: theme.text }] }];
  const weight = name === undefined ? 600 : 400;
  const fill = name === undefined ? theme.text : theme.muted;
  return [...named, { role: 'legend-what', parts: [{ text: `${what}${currency}`, weight, fill }] }];
}

const fallFill = (money: number, theme: Theme): string => (money > 0 ? theme.downText : theme.text);

/** Name and kind; then what is looked for, which small pictures keep: result and drawdowns; then where it came from. */
export function equityLegend(
  chart: EquityChart,
  figures: EquityFigures,
  layout: ChartLayout,
  theme: Theme,
  headed?: Headed,
): LegendGroup[][] {
  const { net, gained, flows, start, end, maximal, relative } = figures;
  const result = [
    figure('net', 'Net', net, theme, gained ? theme.upText : theme.downText),
    figure('maximal', 'Max drawdown', maximal.text, theme, fallFill(maximal.money, theme)),
  ];
  if (relative !== undefined && !isOneFall(figures)) {
    result.push(
      figure('relative', 'Relative drawdown', relative.text, theme, fallFill(relative.money, theme)),
    );
  }
  const begun = [
    figure('start', 'Start', start, theme, theme.text),
    ...(flows === undefined ? [] : [figure('flows', 'Cash flows', flows, theme, theme.text)]),
  ];
  const hasFlows = flows !== undefined;
  if (headed?.cards === true) return [heading(chart, undefined, hasFlows, theme), begun];
  const name = accountName(chart.name, layout.fontSize, layout.plot.width / 2);
  const money = [...begun, figure('end', 'End', end, theme, theme.text)];
  return [heading(chart, name, hasFlows, theme), result, money];
}
