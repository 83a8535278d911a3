// Charts for tests: a seeded walk (no clock, no Math.random), and real candles where the shared data is present.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CandleFacts } from '../../functions/charts/candle-facts.ts';
import type { RawCandle } from '../../functions/charts/candle-series.ts';
import { type ChartSpec, parseChartSpec } from '../../functions/charts/chart-spec.ts';
import { createRasterizer } from '../../functions/charts/rasterizer.ts';
import { type CandleChart, resolveChart } from '../../functions/charts/resolved-chart.ts';
import { chartScene, type Scene } from '../../functions/charts/scene.ts';

// Asked for when they are needed: workerd, which draws these charts too, knows no folder of a module.
const below = (path: string): string => join(import.meta.dirname, path);
const HOUR_MS = 3_600_000;
/** Monday 2 March 2026 00:00 UTC. */
export const START_MS = Date.UTC(2026, 2, 2);

export const rasterizer = createRasterizer(
  async () => new Uint8Array(readFileSync(below('../../node_modules/@resvg/resvg-wasm/index_bg.wasm'))),
);

/** Bars of a random walk around `from`, hourly without weekends, at two decimals. */
export function walk(count: number, seed = 7, from = 2000): RawCandle[] {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const bars: RawCandle[] = [];
  let [price, timeMs] = [from, START_MS];
  while (bars.length < count) {
    const day = Math.floor(timeMs / 86_400_000 + 4) % 7;
    if (day !== 0 && day !== 6) {
      const [open, close] = [price, Math.round((price + (random() - 0.5) * 8) * 100) / 100];
      const high = (Math.max(open, close) + random() * 3).toFixed(2);
      const low = (Math.min(open, close) - random() * 3).toFixed(2);
      bars.push({ time: timeMs / 1000, open, high, low, close, volume: Math.floor(random() * 5000) });
      price = close;
    }
    timeMs += HOUR_MS;
  }
  return bars;
}

/** A body for `POST /api/v1/charts` with a walk of `count` bars; fields may be replaced. */
export function chartBody(count = 150, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    kind: 'candlestick',
    source: { candles: walk(count), instrument: 'XAUUSD', timeframe: 'H1', digits: 2 },
    ...changes,
  };
}

/** The spec of a body that must be valid. */
export function specOf(body: unknown): ChartSpec {
  const parsed = parseChartSpec(body);
  if (parsed.outcome !== 'ok') throw new Error(JSON.stringify(parsed.faults.slice(0, 3)));
  return parsed.spec;
}

/** A resolved chart of a walk. */
export function sampleChart(count = 150, changes: Record<string, unknown> = {}): CandleChart {
  const chart = resolveChart(specOf(chartBody(count, changes)));
  if (chart.kind === 'equity' || chart.kind === 'histogram') throw new Error('a walk is drawn as candles');
  return chart;
}

/** The scene of a chart of bars, its facts known to be of that kind. */
export function candleScene(chart: CandleChart): Scene & { facts: CandleFacts } {
  const scene = chartScene(chart);
  const { facts } = scene;
  if (!('barCount' in facts)) throw new Error('a chart of bars has the facts of one');
  return { ...scene, facts };
}

/** The last `count` bars of a file of the shared data, or undefined (and a printed reason) where it is absent. */
export function realCandles(file: string, count: number): RawCandle[] | undefined {
  const path = below(`../../../shared/data/${file}`);
  if (!existsSync(path)) {
    console.log(`skipped: no shared data (${file})`);
    return undefined;
  }
  const rows = readFileSync(path, 'utf8').trim().split('\n').slice(1).slice(-count);
  return rows.map((row) => {
    const [time = '', open = '', high = '', low = '', close = '', volume = ''] = row.split(',');
    return { time: time.includes('T') ? time : `${time}T00:00:00Z`, open, high, low, close, volume };
  });
}
