// A picture before it has a format: marks in device pixels, the words about it, and the facts tests ask for.
// Invariants: equal charts give equal scenes; every mark lies inside the canvas; a writer needs nothing else.
import { altText } from './alt-text.ts';
import { candlestickScene } from './candlestick-scene.ts';
import type { Mark } from './mark.ts';
import type { PriceTick } from './price-axis.ts';
import type { ResolvedChart } from './resolved-chart.ts';
import type { TimeLabel } from './time-axis.ts';

/** What a picture states, for tests and captions. Positions are device pixels. */
export type SceneFacts = {
  /** Bars of the request that are shown, and how many columns they were drawn in. */
  barCount: number;
  columnCount: number;
  timeLabels: readonly TimeLabel[];
  priceTicks: readonly PriceTick[];
  zone: string;
  lastPrice: { text: string; y: number; colour: string };
  indicators: readonly { name: string; value: string | undefined; colour: string }[];
  colours: { background: string; up: string; down: string };
};

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

/** The scene of a chart of any kind. Throws a RangeError on text outside the chart's alphabet. */
export function chartScene(chart: ResolvedChart): Scene {
  const { size, title, instrument, timeframe } = chart;
  switch (chart.kind) {
    case 'candlestick':
      return {
        width: size.width * size.scale,
        height: size.height * size.scale,
        ratio: size.scale,
        title: title ?? `${instrument} ${timeframe}`,
        description: altText(chart),
        ...candlestickScene(chart),
      };
  }
}
