// The chart in one sentence, for screen readers, captions and a response header. Invariant: printable ASCII only
// (a header can carry nothing else), so the minus is a hyphen here.
import { indicatorSeries } from '../market/indicator.ts';
import { rangeText } from './chart-period.ts';
import { percentText, priceText } from './price-text.ts';
import type { ChartAnnotations, ResolvedChart } from './resolved-chart.ts';

function ascii(text: string): string {
  return text.replaceAll('−', '-').replaceAll('–', '-');
}

function averages(chart: ResolvedChart, last: number): string[] {
  return chart.indicators.flatMap(({ kind, period }) => {
    const average = indicatorSeries({ name: kind, period }, chart.candles).at(-1) ?? null;
    if (average === null) return [];
    // The mean of equal prices may miss them by the last bit of a float.
    const value = Number(average.toFixed(chart.digits + 3));
    const place = last > value ? 'above' : last < value ? 'below' : 'at';
    return [`${place} SMA ${period}`];
  });
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
 * 4,136.05 (+1.53%), above SMA 200; entry ..., SL ..., TP ...`. The change is from the first open to the last close.
 */
export function altText(chart: ResolvedChart): string {
  const { instrument, timeframe, digits, candles, visibleFrom } = chart;
  const shown = candles.slice(visibleFrom);
  const [first, last] = [shown[0], shown.at(-1)];
  if (first === undefined || last === undefined) return `${instrument} ${timeframe}, no bars`;
  const high = shown.reduce((most, bar) => Math.max(most, bar.high), first.high);
  const low = shown.reduce((least, bar) => Math.min(least, bar.low), first.low);
  const change = percentText(first.open, last.close);
  const words = [
    `${instrument} ${timeframe}`,
    `${shown.length} ${shown.length === 1 ? 'bar' : 'bars'}`,
    rangeText(chart),
    `open ${priceText(first.open, digits)}`,
    `high ${priceText(high, digits)}`,
    `low ${priceText(low, digits)}`,
    `last ${priceText(last.close, digits)}${change === undefined ? '' : ` (${change})`}`,
    ...averages(chart, last.close),
  ];
  return ascii(words.join(', ') + orders(chart.annotations, digits));
}
