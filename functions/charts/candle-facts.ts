// What a picture of bars states, for tests and captions. Positions are device pixels.
import type { PriceTick } from './price-axis.ts';
import type { CandleChart } from './resolved-chart.ts';
import type { TimeLabel } from './time-axis.ts';

export type CandleFacts = {
  kind: CandleChart['kind'];
  /** Bars of the request that are shown, and how many columns they were drawn in. */
  barCount: number;
  columnCount: number;
  timeLabels: readonly TimeLabel[];
  priceTicks: readonly PriceTick[];
  zone: string;
  lastPrice: { text: string; y: number; colour: string };
  /** `last`: the exact value behind the text, undefined while the indicator warms up. */
  indicators: readonly {
    name: string;
    pane: 'price' | 'rsi';
    value: string | undefined;
    last: number | undefined;
    colour: string;
  }[];
  /** Height of the bricks of a renko chart. */
  brick: number | undefined;
  /** What the profile names: prices of most volume and of the value area's edges, and the volume of all rows. */
  profile: { pointOfControl: number; high: number; low: number; total: number } | undefined;
  colours: { background: string; up: string; down: string };
};
