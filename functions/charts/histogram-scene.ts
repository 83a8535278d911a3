// The histogram: how often each result occurred, with mean and median marked, for they tell a few large trades from
// many small ones. Draw order: watermark, grid, bars, zero, mean and median, axes, legend.
import { accountName } from './account-name.ts';
import { chartFrame, type Headed } from './chart-frame.ts';
import { type ChartLayout, chartLayout } from './chart-layout.ts';
import { type Histogram, histogram } from './histogram-bins.ts';
import {
  columnName,
  type HistogramFigures,
  histogramFigures,
  isSigned,
  valueDigits,
  valueText,
} from './histogram-figures.ts';
import { histogramLegend } from './histogram-legend.ts';
import {
  type BarsInput,
  barMarks,
  type Flag,
  flagMarks,
  type HistogramColours,
  openBinMarks,
  zeroMark,
} from './histogram-marks.ts';
import { valueLabels, valueScale } from './histogram-value-axis.ts';
import { legend } from './legend.ts';
import type { Mark } from './mark.ts';
import { paletteOf } from './palette.ts';
import { type PriceTick, priceAxisMarks, priceTicks } from './price-axis.ts';
import { type PriceScale, priceScale } from './price-scale.ts';
import { priceText } from './price-text.ts';
import type { HistogramChart } from './resolved-chart.ts';
import type { Theme } from './theme.ts';
import type { TimeLabel } from './time-axis.ts';

type Marked = { value: number; text: string; x: number; colour: string };

/** What a histogram states, for tests and captions. Positions are device pixels. */
export type HistogramFacts = Histogram & {
  kind: 'histogram';
  valueCount: number;
  mean: Marked;
  median: Marked;
  /** Percent of the values above zero; undefined where values have no sign. */
  winShare: number | undefined;
  countTicks: readonly PriceTick[];
  valueLabels: readonly TimeLabel[];
  colours: { background: string } & HistogramColours;
};

/** Values without a sign have one colour: that of lines, or of two that were asked for the first. */
function coloursOf(chart: HistogramChart, theme: Theme): HistogramColours {
  if (isSigned(chart)) return { above: theme.up, below: theme.down };
  const plain = theme.hollowUp ? theme.up : (theme.indicators[0] ?? theme.up);
  const above = chart.color === undefined ? plain : theme.up;
  return { above, below: above };
}

/** Counts of zero to the fullest bin, with room for legend and flags above. */
function countScale({ bins }: Histogram, { plot, labelHeight }: ChartLayout, words: number, rows: number) {
  const high = bins.reduce((most, { count }) => Math.max(most, count), 1);
  const top = words + (rows + 0.5) * labelHeight;
  return priceScale({ low: 0, high }, plot, { top, bottom: 0 });
}

function flagsOf(chart: HistogramChart, { mean, median }: HistogramFigures, theme: Theme): Flag[] {
  const flag = (role: string, name: string, value: number, colour: string): Flag => {
    return { role, text: `${name} ${valueText(value, chart)}`, value, colour };
  };
  return [
    flag('mean', 'Mean', mean, theme.entry),
    flag('median', 'Median', median, theme.indicators[1] ?? theme.text),
  ];
}

type Found = {
  bars: BarsInput;
  flags: Flag[];
  figures: HistogramFigures;
  ticks: PriceTick[];
  labels: TimeLabel[];
};

function factsOf({ bars, flags, figures, ticks, labels }: Found): HistogramFacts {
  const { histogram: found, values, theme, colours } = bars;
  const marked = (role: string): Marked => {
    const { value, text, colour } = flags.find((flag) => flag.role === role) ?? {
      ...{ value: Number.NaN, text: '', colour: '' },
    };
    return { value, text, x: Math.round(values.xOf(value)), colour };
  };
  return {
    kind: 'histogram',
    ...found,
    valueCount: figures.count,
    mean: marked('mean'),
    median: marked('median'),
    winShare: figures.winShare,
    countTicks: ticks,
    valueLabels: labels,
    colours: { background: theme.background, ...colours },
  };
}

/** What stands around the bars: the range of all values and their number in the footer. */
function frameOf(chart: HistogramChart, { bars, ticks, labels }: Found, headed: Headed | undefined) {
  const { layout, theme } = bars;
  const [low, high] = chart.values.reduce(
    ([least, most], value): [number, number] => [Math.min(least, value), Math.max(most, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] as [number, number],
  );
  const range = `${valueText(low, chart)} to ${valueText(high, chart)}`;
  const count = `${chart.values.length} ${chart.values.length === 1 ? 'trade' : 'trades'}`;
  const name = accountName(chart.name, layout.fontSize, layout.plot.width) ?? columnName(chart);
  const watermark = headed?.cards === true ? '' : name;
  return chartFrame({ layout, theme, ticks, times: labels, zone: '', watermark, range, count, headed });
}

function countTicks(scale: PriceScale, layout: ChartLayout): PriceTick[] {
  return priceTicks(scale, layout, 0).filter(({ value }) => value >= 0);
}

/** The marks and facts of a histogram of at least one value; under cards, which state all figures, it has no legend. */
export function histogramScene(
  chart: HistogramChart,
  headed?: Headed,
): {
  background: string;
  marks: Mark[];
  facts: HistogramFacts;
} {
  const theme = paletteOf(chart);
  const found = histogram(chart.values, { ...chart, digits: valueDigits(chart) });
  const figures = histogramFigures(chart);
  const most = found.bins.reduce((high, { count }) => Math.max(high, count), 1);
  const layout = chartLayout(chart.size, chart.title, [priceText(most * 2, 0), '000']);
  const { plot, fontSize, margin } = layout;
  const style = { size: fontSize, margin, plate: theme.background };
  const sections = headed?.cards === true ? [] : histogramLegend(chart, figures, layout, theme);
  const words = legend(sections, plot, style);
  const isOpen = found.below + found.above > 0;
  const values = valueScale(found.bins[0]?.from ?? 0, found.bins.at(-1)?.to ?? 1, layout);
  const counts = countScale(found, layout, words.height, isOpen ? 3 : 2);
  const colours = coloursOf(chart, theme);
  const bars: BarsInput = { chart, histogram: found, layout, values, counts, colours, theme };
  const flags = flagsOf(chart, figures, theme);
  const ticks = countTicks(counts, layout);
  const all = { bars, flags, figures, ticks, labels: valueLabels(values, chart, layout) };
  const frame = frameOf(chart, all, headed);
  const marks: Mark[] = [
    ...frame.behind,
    ...barMarks(bars),
    ...zeroMark(bars),
    ...flagMarks(flags, plot.y + words.height + Math.round(layout.labelHeight / 4), bars),
    ...openBinMarks(bars),
    ...frame.front,
    ...priceAxisMarks(ticks, [], layout, theme),
    ...words.marks,
  ];
  const drawn = marks.filter((mark) => mark.kind !== 'rects' || mark.rects.length > 0);
  return { background: theme.background, marks: drawn, facts: factsOf(all) };
}
