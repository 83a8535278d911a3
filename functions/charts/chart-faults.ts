// What only a chart with its data beside it shows: that it could not be drawn, or not truly. Invariant: a chart without
// a fault has a scene; each fault points into the request that the chart came from.
import type { SpecFault } from './candle-series.ts';
import { colourFaults } from './palette.ts';
import { renkoBricks } from './renko-bricks.ts';
import type { CandleChart, ResolvedChart } from './resolved-chart.ts';

/** Where the data came from in the request: a bar that was sent, or the source that was named. */
function barPointer(chart: CandleChart, index: number): string {
  return chart.reference === undefined ? `/source/candles/${index}` : '/source';
}

/** A logarithm needs prices above zero; the first bar that has none is named. */
function scaleFaults(chart: CandleChart): SpecFault[] {
  if (chart.scale !== 'log') return [];
  const index = chart.candles.findIndex(({ low }) => low <= 0);
  if (index < 0) return [];
  const pointer = chart.reference === undefined ? `${barPointer(chart, index)}/low` : '/scale';
  return [{ pointer, detail: 'a logarithmic scale has no price at or below zero' }];
}

function kindFaults(chart: CandleChart): SpecFault[] {
  if (chart.kind === 'renko') {
    const laid = renkoBricks(chart);
    return laid.outcome === 'refused' ? [{ pointer: '/brick', detail: laid.detail }] : [];
  }
  if (chart.kind !== 'volume_profile') return [];
  const traded = chart.candles.some(({ volume = 0 }, index) => index >= chart.visibleFrom && volume > 0);
  const pointer = chart.reference === undefined ? '/source/candles' : '/source';
  return traded ? [] : [{ pointer, detail: 'none of the bars has a volume to make a profile of' }];
}

/** Every reason why a chart cannot be drawn, with its RFC 6901 pointer; none for one that can. */
export function chartFaults(chart: ResolvedChart): SpecFault[] {
  const faults = colourFaults(chart);
  if (chart.kind === 'equity' || chart.kind === 'histogram') return faults;
  return [...faults, ...scaleFaults(chart), ...kindFaults(chart)];
}
