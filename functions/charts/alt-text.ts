// A chart in one sentence, for screen readers, captions and a response header. Invariant: printable ASCII only (a
// header can carry nothing else).
import { candleAlt } from './candle-alt.ts';
import { equityAlt } from './equity-alt.ts';
import { histogramAlt } from './histogram-alt.ts';
import type { ResolvedChart } from './resolved-chart.ts';

/** What a chart of any kind shows, in words. */
export function altText(chart: ResolvedChart): string {
  switch (chart.kind) {
    case 'candlestick':
    case 'heikin_ashi':
    case 'renko':
    case 'volume_profile':
      return candleAlt(chart);
    case 'equity':
      return equityAlt(chart);
    case 'histogram':
      return histogramAlt(chart);
  }
}
