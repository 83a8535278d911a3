// The words of a candlestick chart's legend. The change is against the close before, as on a terminal.
import type { IndicatorLine } from './candlestick-scene.ts';
import type { LegendGroup } from './legend.ts';
import { changeText, percentText, priceText, volumeText } from './price-text.ts';
import type { ResolvedChart } from './resolved-chart.ts';
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

/** Symbol, last bar and change in the first section, volume and indicators in the second. */
export function legendSections(
  chart: ResolvedChart,
  lines: readonly IndicatorLine[],
  theme: Theme,
): LegendGroup[][] {
  const { candles, digits, instrument, timeframe } = chart;
  const [last, before] = [candles.at(-1), candles.at(-2)];
  if (last === undefined) return [];
  const base = before?.close ?? last.open;
  const fill = last.close >= last.open ? theme.upText : theme.downText;
  const moved = last.close >= base ? theme.upText : theme.downText;
  const percent = percentText(base, last.close);
  const change = `${changeText(last.close - base, digits)}${percent === undefined ? '' : ` (${percent})`}`;
  const symbol: LegendGroup = {
    role: 'legend-symbol',
    parts: [
      { text: instrument, weight: 600, fill: theme.text },
      { text: timeframe, weight: 400, fill: theme.muted },
    ],
  };
  const prices = [
    { name: 'O', value: last.open },
    { name: 'H', value: last.high },
    { name: 'L', value: last.low },
    { name: 'C', value: last.close },
  ].map(({ name, value }) => named(name, priceText(value, digits), theme, fill));
  const second: LegendGroup[] = lines.flatMap(({ name, colour, values }) => {
    const value = values.at(-1);
    const text = value === undefined ? name : `${name} ${priceText(value, digits)}`;
    return [{ role: `legend-${name}`, parts: [{ text, weight: 400, fill: colour }] }];
  });
  if (chart.volume && last.volume !== undefined) {
    second.unshift(named('Vol', volumeText(last.volume), theme, theme.text));
  }
  const moves: LegendGroup = { role: 'legend-change', parts: [{ text: change, weight: 400, fill: moved }] };
  return [[symbol, ...prices, moves], second].filter((section) => section.length > 0);
}
