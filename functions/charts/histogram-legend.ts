// The words of a histogram's legend: what is counted, how many, mean and median in the colours of gains and losses, as
// on the cards of a header.
import { accountName } from './account-name.ts';
import type { ChartLayout } from './chart-layout.ts';
import { columnName, type HistogramFigures, isSigned, valueText } from './histogram-figures.ts';
import type { LegendGroup } from './legend.ts';
import { priceText } from './price-text.ts';
import type { HistogramChart } from './resolved-chart.ts';
import type { Theme } from './theme.ts';

/** `81.3%`. */
export const winShareText = (percent: number): string => `${priceText(percent, 1)}%`;

/** Account and column in the first section, figures in the second. */
export function histogramLegend(
  chart: HistogramChart,
  figures: HistogramFigures,
  layout: ChartLayout,
  theme: Theme,
): LegendGroup[][] {
  const { count, mean, median, winShare } = figures;
  const figure = (role: string, name: string, value: string, fill: string = theme.text): LegendGroup => ({
    role: `legend-${role}`,
    parts: [
      { text: name, weight: 400, fill: theme.muted },
      { text: value, weight: 600, fill },
    ],
  });
  const toned = (value: number): string => {
    if (!isSigned(chart) || value === 0) return theme.text;
    return value > 0 ? theme.upText : theme.downText;
  };
  const name = accountName(chart.name, layout.fontSize, layout.plot.width / 2);
  const [weight, fill] = name === undefined ? ([600, theme.text] as const) : ([400, theme.muted] as const);
  const heading: LegendGroup[] = [
    { role: 'legend-column', parts: [{ text: columnName(chart), weight, fill }] },
  ];
  if (name !== undefined) {
    heading.unshift({ role: 'legend-name', parts: [{ text: name, weight: 600, fill: theme.text }] });
  }
  return [
    heading,
    [
      figure('count', 'Trades', String(count)),
      figure('mean', 'Mean', valueText(mean, chart), toned(mean)),
      figure('median', 'Median', valueText(median, chart), toned(median)),
      ...(winShare === undefined ? [] : [figure('wins', 'Win rate', winShareText(winShare))]),
    ],
  ];
}
