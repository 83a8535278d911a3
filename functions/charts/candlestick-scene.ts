// The scene of a chart of bars: candles, heikin-ashi, renko, candles with a volume profile. Bars stand by index, weekends
// and breaks take no space. Draw order: watermark, grid, price pane, oscillator pane, frame, axes, legend.
import type { CandleFacts } from './candle-facts.ts';
import { type CandleGround, candleGround } from './candle-ground.ts';
import { chartFrame, type Headed } from './chart-frame.ts';
import { rangeText } from './chart-period.ts';
import { lastValue } from './indicator-lines.ts';
import type { Mark } from './mark.ts';
import { pricePane } from './price-pane.ts';
import { priceText } from './price-text.ts';
import type { CandleChart } from './resolved-chart.ts';
import { rsiPane } from './rsi-pane.ts';
import { type TimeLabel, timeLabels } from './time-axis.ts';
import { profilePrices } from './volume-profile-marks.ts';

function timesOf({ bars, columns, layout, read }: CandleGround): TimeLabel[] {
  const { plot, fontSize } = layout;
  const axisBars = bars.map(({ timeMs }, index) => ({ timeMs, x: columns[index]?.x ?? 0 }));
  const edge = Math.round(fontSize / 3);
  return timeLabels(axisBars, read, { left: plot.x + edge, right: plot.x + plot.width - edge, fontSize });
}

/** Bars of the market and of the picture: bricks are counted as such. */
function countText(chart: CandleChart, { series }: CandleGround): string {
  const count = chart.candles.length - chart.visibleFrom;
  const bricks = series.bars.length;
  const counted = (number: number, one: string): string =>
    `${priceText(number, 0)} ${number === 1 ? one : `${one}s`}`;
  const bars = counted(count, 'bar');
  return chart.kind === 'renko' ? `${bars}, ${counted(bricks, 'brick')}` : bars;
}

function indicatorFacts({ lines }: CandleGround, digits: number): CandleFacts['indicators'] {
  return lines.map((line) => {
    const last = lastValue(line);
    const value = last === undefined ? undefined : priceText(last, line.pane === 'rsi' ? 2 : digits);
    return { name: line.name, pane: line.pane, value, last, colour: line.colour };
  });
}

function profileFacts({ profile }: CandleGround): CandleFacts['profile'] {
  if (profile === undefined) return undefined;
  const { poc, high, low } = profilePrices(profile);
  return {
    pointOfControl: poc,
    high,
    low,
    total: profile.rows.reduce((sum, { up, down }) => sum + up + down, 0),
  };
}

const isVisible = (mark: Mark): boolean => {
  if (mark.kind === 'rects') return mark.rects.length > 0;
  return mark.kind !== 'polyline' || mark.points.length > 1;
};

/** The marks and facts of a chart of at least one bar that `chartFaults` finds nothing wrong with. */
export function candlestickScene(
  chart: CandleChart,
  headed?: Headed,
): {
  background: string;
  marks: Mark[];
  facts: CandleFacts;
} {
  const ground = candleGround(chart);
  const { layout, theme, zone, bars, series } = ground;
  const prices = pricePane(chart, ground);
  const oscillators = rsiPane(ground);
  const times = timesOf(ground);
  const watermark = `${chart.instrument}, ${chart.timeframe}`;
  const words = { watermark, zone, range: rangeText(chart), count: countText(chart, ground) };
  const frame = chartFrame({ ...words, layout, theme, ticks: prices.ticks, times, headed });
  const marks: Mark[] = [
    ...frame.behind,
    ...prices.marks,
    ...(oscillators?.marks ?? []),
    ...frame.front,
    ...prices.axis,
    ...(oscillators?.axis ?? []),
    ...prices.legend,
  ];
  const facts: CandleFacts = {
    kind: chart.kind,
    barCount: chart.candles.length - chart.visibleFrom,
    columnCount: bars.length,
    ...{
      timeLabels: times,
      priceTicks: prices.ticks,
      zone,
      lastPrice: prices.lastPrice,
      brick: series.brick,
    },
    indicators: indicatorFacts(ground, chart.digits),
    profile: profileFacts(ground),
    colours: { background: theme.background, up: theme.up, down: theme.down },
  };
  return { background: theme.background, marks: marks.filter(isVisible), facts };
}
