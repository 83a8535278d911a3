// A chart of bars in one sentence. Invariant: printable ASCII only, so the minus is a hyphen here.
import { indicatorSeries } from '../market/indicator.ts';
import { asciiText } from './ascii-text.ts';
import { rangeText } from './chart-period.ts';
import { percentText, priceText } from './price-text.ts';
import { brickText } from './renko-bricks.ts';
import type { CandleChart, ChartAnnotations } from './resolved-chart.ts';

/** Where the last price stands to each average, and what each oscillator is at. */
function standing(chart: CandleChart, last: number, values: readonly (number | undefined)[]): string[] {
  return chart.indicators.flatMap(({ kind, period }, index) => {
    const found = values[index];
    if (found === undefined) return [];
    if (kind === 'rsi') return [`RSI ${period} at ${found.toFixed(2)}`];
    // The mean of equal prices may miss them by the last bit of a float.
    const value = Number(found.toFixed(chart.digits + 3));
    const place = last > value ? 'above' : last < value ? 'below' : 'at';
    return [`${place} ${kind.toUpperCase()} ${period}`];
  });
}

/** The last value of each indicator of a chart, undefined while it warms up. */
function lastValues({ indicators, candles }: CandleChart): (number | undefined)[] {
  return indicators.map(
    ({ kind, period }) => indicatorSeries({ name: kind, period }, candles).at(-1) ?? undefined,
  );
}

/** What the bars are where they are not the market's, or what is beside them. */
function kindWords(chart: CandleChart): string[] {
  switch (chart.kind) {
    case 'candlestick':
      return [];
    case 'heikin_ashi':
      return ['Heikin-Ashi'];
    case 'renko':
      return [
        `Renko bricks of ${'atr' in chart.brick ? `ATR ${chart.brick.atr}` : brickText(chart.brick.size, chart.digits)}`,
      ];
    case 'volume_profile':
      return ['with volume profile'];
  }
}

function orders(annotations: ChartAnnotations | undefined, digits: number): string {
  if (annotations === undefined) return '';
  const { entry, stop_loss: stop, take_profit: target, markers = [] } = annotations;
  const named = { entry, SL: stop, TP: target };
  const parts = Object.entries(named).flatMap(([name, price]) =>
    price === undefined ? [] : [`${name} ${priceText(price, digits)}`],
  );
  for (const kind of ['entry', 'exit'] as const) {
    for (const side of ['buy', 'sell'] as const) {
      const count = markers.filter((marker) => marker.kind === kind && marker.side === side).length;
      const noun = count === 1 ? kind : kind === 'entry' ? 'entries' : 'exits';
      if (count > 0) parts.push(`${count} ${side} ${noun}`);
    }
  }
  return parts.length === 0 ? '' : `; ${parts.join(', ')}`;
}

/**
 * `XAUUSD H1, 200 bars, 26 Jun 14:00 - 9 Jul 2026 17:00 UTC, open 4,073.67, high 4,203.03, low 3,942.48, last
 * 4,136.05 (+1.53%), above SMA 200; entry ..., SL ..., TP ...`. The change is from the first open to the last close;
 * prices are the market's on every kind of chart. `values`: the indicators' last ones, where the caller has them.
 */
export function candleAlt(
  chart: CandleChart,
  values: readonly (number | undefined)[] = lastValues(chart),
): string {
  const { instrument, timeframe, digits, candles, visibleFrom } = chart;
  const [first, last] = [candles[visibleFrom], candles.at(-1)];
  if (first === undefined || last === undefined) return `${instrument} ${timeframe}, no bars`;
  const count = candles.length - visibleFrom;
  let { high, low } = first;
  for (let index = visibleFrom; index < candles.length; index += 1) {
    const bar = candles[index] ?? first;
    if (bar.high > high) high = bar.high;
    if (bar.low < low) low = bar.low;
  }
  const change = percentText(first.open, last.close);
  const words = [
    `${instrument} ${timeframe}`,
    ...kindWords(chart),
    `${count} ${count === 1 ? 'bar' : 'bars'}`,
    rangeText(chart),
    `open ${priceText(first.open, digits)}`,
    `high ${priceText(high, digits)}`,
    `low ${priceText(low, digits)}`,
    `last ${priceText(last.close, digits)}${change === undefined ? '' : ` (${change})`}`,
    ...standing(chart, last.close, values),
  ];
  return asciiText(words.join(', ') + orders(chart.annotations, digits));
}
