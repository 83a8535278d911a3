// A picture before it has a format: marks in device pixels, the words about it, and the facts tests ask for.
// Invariants: equal charts give equal scenes; every mark lies inside the canvas; a writer needs nothing else.
import { candleAlt } from './candle-alt.ts';
import type { CandleFacts } from './candle-facts.ts';
import { candlestickScene } from './candlestick-scene.ts';
import type { Headed } from './chart-frame.ts';
import { equityAlt } from './equity-alt.ts';
import { type EquityFacts, equityScene } from './equity-scene.ts';
import { histogramAlt } from './histogram-alt.ts';
import { columnName } from './histogram-figures.ts';
import { type HistogramFacts, histogramScene } from './histogram-scene.ts';
import type { Mark } from './mark.ts';
import type { ResolvedChart } from './resolved-chart.ts';

/** What a picture states, for tests and captions; `kind` tells which of them it is. */
export type SceneFacts = CandleFacts | EquityFacts | HistogramFacts;

export type Scene = {
  width: number;
  height: number;
  /** Device pixels per CSS pixel. */
  ratio: 1 | 2;
  background: string;
  title: string;
  description: string;
  marks: readonly Mark[];
  facts: SceneFacts;
};

/**
 * The scene of a chart of any kind; `headed` is what a header above it says already. Throws a RangeError on text outside
 * the chart's alphabet.
 */
export function chartScene(chart: ResolvedChart, headed?: Headed): Scene {
  const { size, title } = chart;
  const page = { width: size.width * size.scale, height: size.height * size.scale, ratio: size.scale };
  switch (chart.kind) {
    case 'candlestick':
    case 'heikin_ashi':
    case 'renko':
    case 'volume_profile': {
      const drawn = candlestickScene(chart, headed);
      const values = drawn.facts.indicators.map(({ last }) => last);
      const words = {
        title: title ?? `${chart.instrument} ${chart.timeframe}`,
        description: candleAlt(chart, values),
      };
      return { ...page, ...words, ...drawn };
    }
    case 'equity':
      return {
        ...page,
        title: title ?? 'Equity',
        description: equityAlt(chart),
        ...equityScene(chart, headed),
      };
    case 'histogram': {
      const words = { title: title ?? columnName(chart), description: histogramAlt(chart) };
      return { ...page, ...words, ...histogramScene(chart, headed) };
    }
  }
}
