// The words of the legend of a chart of bars. Invariants: the change is against the close before, as on a terminal;
// prices are the market's on every kind of chart, and where the bars are not, the legend says so.
import { type IndicatorLine, lastValue } from './indicator-lines.ts';
import type { LegendGroup } from './legend.ts';
import { changeText, percentText, priceText, volumeText } from './price-text.ts';
import { brickText } from './renko-bricks.ts';
import type { CandleChart } from './resolved-chart.ts';
import type { Theme } from './theme.ts';

function named(name: string, value: string, theme: Theme, fill: string): LegendGroup {
  return {
    role: `legend-${name}`,
    parts: [
      { text: name, weight: 400, fill: theme.muted },
      { text: value, weight: 400, fill },
    ],
  };
}

/** What the bars are, where they are not the market's. */
function kindGroups(chart: CandleChart, brick: number | undefined, theme: Theme): LegendGroup[] {
  const words = (text: string): LegendGroup[] => [
    { role: 'legend-kind', parts: [{ text, weight: 400, fill: theme.muted }] },
  ];
  if (chart.kind === 'heikin_ashi') return words('Heikin-Ashi, market prices:');
  if (chart.kind !== 'renko' || brick === undefined) return [];
  const from = 'atr' in chart.brick ? ` (ATR ${chart.brick.atr})` : '';
  const mover = chart.brickSource === 'close' ? 'close' : 'high/low';
  return words(`Renko ${brickText(brick, chart.digits)}${from} by ${mover}`);
}

function priceGroups(chart: CandleChart, theme: Theme): LegendGroup[] {
  const { candles, digits } = chart;
  const [last, before] = [candles.at(-1), candles.at(-2)];
  if (last === undefined) return [];
  const base = before?.close ?? last.open;
  const fill = last.close >= last.open ? theme.upText : theme.downText;
  const moved = last.close >= base ? theme.upText : theme.downText;
  const percent = percentText(base, last.close);
  const change = `${changeText(last.close - base, digits)}${percent === undefined ? '' : ` (${percent})`}`;
  // A brick has no bar's high and low, so only the close says something of both.
  const shown = Object.entries({ O: last.open, H: last.high, L: last.low, C: last.close });
  const prices = shown
    .filter(([name]) => chart.kind !== 'renko' || name === 'C')
    .map(([name, value]) => named(name, priceText(value, digits), theme, fill));
  return [...prices, { role: 'legend-change', parts: [{ text: change, weight: 400, fill: moved }] }];
}

/** The name of each line in its colour, with its value at the last bar in so many decimals. */
export function lineGroups(lines: readonly IndicatorLine[], digits: number): LegendGroup[] {
  return lines.map((line) => {
    const value = lastValue(line);
    const text = value === undefined ? line.name : `${line.name} ${priceText(value, digits)}`;
    return { role: `legend-${line.name}`, parts: [{ text, weight: 400, fill: line.colour }] };
  });
}

/** Symbol, last bar and change in the first section, volume and indicators in the second. */
export function legendSections(
  chart: CandleChart,
  groups: readonly LegendGroup[],
  brick: number | undefined,
  theme: Theme,
): LegendGroup[][] {
  const symbol: LegendGroup = {
    role: 'legend-symbol',
    parts: [
      { text: chart.instrument, weight: 600, fill: theme.text },
      { text: chart.timeframe, weight: 400, fill: theme.muted },
    ],
  };
  const volume = chart.volume ? chart.candles.at(-1)?.volume : undefined;
  const traded = volume === undefined ? [] : [named('Vol', volumeText(volume), theme, theme.text)];
  const first = [symbol, ...kindGroups(chart, brick, theme), ...priceGroups(chart, theme)];
  return [first, [...traded, ...groups]].filter((section) => section.length > 0);
}
