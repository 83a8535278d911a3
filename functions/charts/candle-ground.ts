// Everything of a chart of bars whose place does not depend on the price scale: which bars, in which columns, where the
// panes are. Invariants: bars stand by index, so weekends and breaks take no space; what the right margin is for (names
// of levels, a volume profile) never stands on a bar.
import type { ZoneReader } from '../platform/time-zone.ts';
import { type BarSeries, barSeries } from './bar-series.ts';
import { type BarColumn, barColumns } from './candle-geometry.ts';
import type { Candle } from './candle-series.ts';
import { type ChartLayout, chartLayout } from './chart-layout.ts';
import { isPlainDates, labelZone, periodReader } from './chart-period.ts';
import { type DrawnBar, drawnBars, groupSize } from './decimation.ts';
import { type IndicatorLine, indicatorLines } from './indicator-lines.ts';
import { levelPrices, orderTags, tagRoom } from './order-levels.ts';
import { paletteOf } from './palette.ts';
import { type PriceRange, priceRange } from './price-scale.ts';
import { priceText } from './price-text.ts';
import type { CandleChart } from './resolved-chart.ts';
import type { Theme } from './theme.ts';
import { PROFILE_SHARE, PROFILE_TAGS, type VolumeProfile, volumeProfile } from './volume-profile.ts';
import { zoneLabel } from './zoned-time.ts';

/** Height of the oscillator pane as a share of all panes. */
const RSI_SHARE = 0.22;

export type CandleGround = {
  theme: Theme;
  layout: ChartLayout;
  read: ZoneReader;
  /** As printed in the corner; empty where the bars are plain dates. */
  zone: string;
  /** The market's last bar; the price it closed at is the last price on every kind of chart. */
  last: Candle;
  series: BarSeries;
  bars: DrawnBar[];
  columns: BarColumn[];
  lines: IndicatorLine[];
  range: PriceRange;
  profile: VolumeProfile | undefined;
  /** Where the profile stands, right of the bars. */
  profileBox: { x: number; width: number };
};

/** Lowest and highest of the bars drawn, the averages over them and the last price. */
function drawnRange(
  chart: CandleChart,
  { bars, from }: BarSeries,
  lines: readonly IndicatorLine[],
  last: Candle,
): number[] {
  let [low, high] = [last.close, last.close];
  for (let index = from; index < bars.length; index += 1) {
    const bar = bars[index];
    if (bar === undefined) continue;
    if (bar.low < low) low = bar.low;
    if (bar.high > high) high = bar.high;
  }
  for (const { pane, values } of lines) {
    if (pane !== 'price') continue;
    for (let index = chart.visibleFrom; index < values.length; index += 1) {
      // NaN is neither below nor above.
      const value = values[index] ?? low;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return [low, high];
}

/** The widest texts the axis may have to carry: prices well beyond both ends, and the zone in its corner. */
function axisTexts({ low, high }: PriceRange, { digits, scale }: CandleChart, zone: string): string[] {
  const reach = high - low;
  const ends =
    scale === 'log' && low > 0 ? [high * Math.sqrt(high / low), low] : [high + 2 * reach, low - 2 * reach];
  return [...ends.map((price) => priceText(price, digits)), zone];
}

type Columns = Pick<CandleGround, 'bars' | 'columns' | 'profileBox'>;

/** Bars from the left margin to where names of levels and the profile begin; at least 40 % of the plot. */
function placedBars(chart: CandleChart, series: BarSeries, layout: ChartLayout): Columns {
  const { plot, ratio, fontSize } = layout;
  const profiled = chart.kind === 'volume_profile';
  const tags = [...orderTags(chart.annotations), ...(profiled ? PROFILE_TAGS : [])];
  const end = plot.x + plot.width - Math.max(fontSize, tagRoom(tags, fontSize));
  const width = profiled ? Math.round(plot.width * PROFILE_SHARE) : 0;
  const left = plot.x + 4 * ratio;
  const right = Math.floor(Math.max(left + plot.width * 0.4, end - width - (profiled ? fontSize : 0)));
  const size = groupSize(series.bars.length - series.from, right - left);
  const bars = drawnBars(series.bars, series.from, size);
  const columns = barColumns(bars.length, left, right, ratio, chart.kind === 'renko');
  return {
    bars,
    columns,
    profileBox: { x: Math.max(end - width, right), width: Math.max(0, Math.min(width, end - right)) },
  };
}

/** The ground of a chart of at least one bar. */
export function candleGround(chart: CandleChart): CandleGround {
  const { candles, visibleFrom, size, title, digits, annotations } = chart;
  const [first, last] = [candles[visibleFrom], candles.at(-1)];
  if (first === undefined || last === undefined) throw new RangeError('a chart has at least one bar');
  const theme = paletteOf(chart);
  const read = periodReader(labelZone(chart), first.timeMs, last.timeMs);
  const zone = isPlainDates(chart) ? '' : zoneLabel(read, last.timeMs);
  const series = barSeries(chart);
  const lines = indicatorLines(chart, theme);
  const levels = levelPrices(annotations);
  const range = priceRange(drawnRange(chart, series, lines, last), levels, digits);
  // A level beyond the range is pinned, but its price stands on the axis.
  const texts = [...axisTexts(range, chart, zone), ...levels.map((price) => priceText(price, digits))];
  const panes = lines.some(({ pane }) => pane === 'rsi') ? [RSI_SHARE] : [];
  const layout = chartLayout(size, title, texts, panes);
  const profile =
    chart.kind === 'volume_profile'
      ? volumeProfile(candles.slice(visibleFrom), chart.bins, 10 ** -digits)
      : undefined;
  return {
    theme,
    layout,
    read,
    zone,
    last,
    series,
    lines,
    range,
    profile,
    ...placedBars(chart, series, layout),
  };
}
