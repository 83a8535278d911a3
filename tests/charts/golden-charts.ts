// The charts whose pictures are committed: one of each kind, small, from a seeded walk.
import { THEME_NAMES } from '../../functions/charts/chart-look.ts';
import type {
  CandleChart,
  ChartAnnotations,
  EquityChart,
  HistogramChart,
  ResolvedChart,
} from '../../functions/charts/resolved-chart.ts';
import { equityChart, histogramChart } from './sample-account.ts';
import { sampleChart } from './sample-chart.ts';

export const CANDLE_KINDS = ['candlestick', 'heikin_ashi', 'renko', 'volume_profile'] as const;

const SIZE = { width: 640, height: 400 };
const AVERAGES = [
  { kind: 'sma', period: 10 },
  { kind: 'ema', period: 30 },
];

/** A long trade that ran into its target, another that was stopped, and a burst of entries on one bar. */
function orders({ candles }: CandleChart): ChartAnnotations {
  const at = (index: number) => ({
    timeMs: (candles[index]?.timeMs ?? 0) + 60_000,
    price: candles[index]?.close ?? 0,
  });
  const entry = at(30).price;
  const burst = Array.from({ length: 29 }, () => ({ ...at(50), side: 'sell', kind: 'entry' }) as const);
  return {
    ...{ entry, stop_loss: entry - 6, take_profit: entry + 90 },
    markers: [
      { ...at(30), side: 'buy', kind: 'entry' },
      { ...at(64), side: 'buy', kind: 'exit', reason: 'tp' },
      ...burst,
      { ...at(57), side: 'sell', kind: 'exit', reason: 'sl' },
    ],
  };
}

/** The golden chart of a kind in a theme: candles with an oscillator and orders, bricks, a profile on a log scale. */
export function goldenChart(kind: CandleChart['kind'], theme: string): CandleChart {
  const look = { kind, theme, size: SIZE };
  switch (kind) {
    case 'candlestick': {
      const indicators = [...AVERAGES, { kind: 'rsi', period: 14 }];
      const chart = sampleChart(80, { ...look, indicators, tz: 'Asia/Kolkata' });
      return { ...chart, annotations: orders(chart) };
    }
    case 'heikin_ashi':
      return sampleChart(80, { ...look, indicators: AVERAGES, tz: 'America/New_York' });
    case 'renko':
      return sampleChart(200, { ...look, indicators: AVERAGES.slice(0, 1), brick: { atr: 10 } });
    case 'volume_profile':
      return sampleChart(120, { ...look, indicators: [], bins: 32, scale: 'log' });
  }
}

/** The golden equity curve in a theme, with flows. */
export const goldenEquity = (theme: string): EquityChart => ({
  ...equityChart(140, { theme, size: SIZE, title: 'Golden <equity>', tz: 'Asia/Kolkata' }),
  name: 'Account 1',
});

/** The golden histogram in a theme. */
export const goldenHistogram = (theme: string): HistogramChart => ({
  ...histogramChart(260, { theme, size: SIZE, title: 'Golden <histogram>' }),
  name: 'Account 1',
});

/** Every golden chart with the name of its picture. */
export const goldenCharts = (): [string, ResolvedChart][] =>
  THEME_NAMES.flatMap((theme) => [
    ...CANDLE_KINDS.map((kind): [string, ResolvedChart] => [`${kind}-${theme}`, goldenChart(kind, theme)]),
    [`equity-${theme}`, goldenEquity(theme)],
    [`histogram-${theme}`, goldenHistogram(theme)],
  ]);
