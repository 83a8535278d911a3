// What a chart costs beside what else could draw it: 500 bars of gold, three averages and volume at 1200 x 630. All but
// memory, cold starts and ECharts take turns in one process and are told in CPU time, which other work on the machine moves least.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Resvg } from '@resvg/resvg-wasm';
import type { RawCandle } from '../../functions/charts/candle-series.ts';
import { NAMED_SIZES } from '../../functions/charts/chart-size.ts';
import { writePng } from '../../functions/charts/png-writer.ts';
import { renderChart } from '../../functions/charts/render-chart.ts';
import { type CandleChart, resolveChart } from '../../functions/charts/resolved-chart.ts';
import { chartScene } from '../../functions/charts/scene.ts';
import { bandedScene, scenePixels } from '../../functions/charts/scene-pixels.ts';
import { writeSvg } from '../../functions/charts/svg-writer.ts';
import { chartHeader } from '../../infra/charts/chart-tools.ts';
import { rasterizer, realCandles, specOf, walk } from '../charts/sample-chart.ts';
import { echartsSvg, matplotlibPng, nativePng } from './charts-contenders.ts';
import {
  bundleRenderer,
  type FirstRender,
  type Held,
  inProcess,
  isolateMib,
  SAMPLES,
} from './charts-process.ts';
import { quantile } from './figures.ts';

const AVERAGES = [20, 50, 200];
const ROUNDS = 40;
const COLD_ROUNDS = 7;
const FILE = 'xauusd_h1_2012-2022.csv';

type Work = () => unknown;
type Times = { first: number; warm: number[] };

const bodyOf = (candles: readonly RawCandle[], size: unknown = 'web') => ({
  kind: 'candlestick',
  source: { candles, instrument: 'XAUUSD', timeframe: 'H1', digits: 2 },
  indicators: AVERAGES.map((period) => ({ kind: 'sma', period })),
  size,
});

function chartOf(candles: readonly RawCandle[]): CandleChart {
  const chart = resolveChart(specOf(bodyOf(candles)));
  if (chart.kind === 'equity' || chart.kind === 'histogram') throw new Error('bars are drawn as candles');
  return chart;
}

async function cpuOf(work: Work): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** CPU ms of each, taking turns. */
async function inTurns<K extends string>(works: Record<K, Work>, rounds: number): Promise<Record<K, Times>> {
  const names = Object.keys(works) as K[];
  const times = Object.fromEntries(names.map((n) => [n, { first: 0, warm: [] }])) as unknown as Record<
    K,
    Times
  >;
  for (const name of names) times[name].first = await cpuOf(works[name]);
  for (let round = 0; round < rounds; round += 1)
    for (const name of names) times[name].warm.push(await cpuOf(works[name]));
  return times;
}

const median = ({ warm }: Times): number => quantile(warm, 0.5);
const ms = (value: number): string => value.toFixed(2).padStart(8);

function verdict(what: string, value: number, limit: number, unit: string): boolean {
  const met = value <= limit;
  console.log(
    `${met ? 'met  ' : 'SHORT'} ${what}: ${value.toFixed(2)} ${unit}, target at most ${limit} ${unit}`,
  );
  return met;
}

/** Wasm resvg from SVG to its own PNG: what there was before. */
function wasmPng(svg: string): Uint8Array {
  const document = new Resvg(svg, { font: { loadSystemFonts: false } });
  const image = document.render();
  const png = image.asPng();
  image.free();
  document.free();
  return png;
}

async function warmTimes(chart: CandleChart): Promise<boolean> {
  const scene = chartScene(chart);
  const svg = writeSvg(scene);
  const pixels = await scenePixels(scene, rasterizer);
  const drawn = {
    ...pixels,
    async *bands() {
      yield pixels;
    },
  };
  const times = await inTurns(
    {
      'ours: scene': () => chartScene(chart),
      'ours: scene to SVG': () => writeSvg(scene),
      'ours: chart to SVG': () => writeSvg(chartScene(chart)),
      'ours: scene to pixels': () => scenePixels(scene, rasterizer),
      'ours: encode': () => writePng(drawn),
      'ours: scene to PNG (raster, encode)': () => writePng(bandedScene(scene, rasterizer)),
      'ours: chart to PNG': () => renderChart(chart, 'png', rasterizer),
      'ours: header of a titled chart': () => chartHeader({ ...chart, title: 'Gold before the meeting' }),
      'ours: header and cards': () => chartHeader({ ...chart, size: NAMED_SIZES.social }),
      'resvg native: SVG to PNG (parse, raster, encode)': () => nativePng(svg),
      'resvg wasm: SVG to PNG': () => wasmPng(svg),
    },
    ROUNDS,
  );
  // Turns of their own: ECharts leaves so much garbage that whoever comes next is charged for its collection.
  const theirTimes = await inTurns(
    {
      'ECharts: chart to SVG': () => echartsSvg(chart, AVERAGES),
      'ECharts and resvg wasm: chart to PNG': () => wasmPng(echartsSvg(chart, AVERAGES)),
    },
    ROUNDS,
  );
  console.log(`CPU ms                                              first   median      p25      p75`);
  for (const [name, found] of Object.entries({ ...times, ...theirTimes })) {
    const quarters = [0.5, 0.25, 0.75].map((q) => ms(quantile(found.warm, q))).join(' ');
    console.log(`${name.padEnd(49)}${ms(found.first)} ${quarters}`);
  }
  const bytes = (await writePng(drawn)).length;
  const theirs = nativePng(svg).length;
  console.log(`PNG ${bytes} bytes, resvg's own ${theirs}; SVG ${svg.length} bytes`);
  const native = median(times['resvg native: SVG to PNG (parse, raster, encode)']);
  const path = median(times['ours: scene to PNG (raster, encode)']);
  const whole = median(times['ours: chart to PNG']);
  console.log(`chart to PNG, scene included: ${(whole / native).toFixed(2)} times the native path`);
  return [
    verdict('scene to PNG beside native resvg from SVG', path / native, 0.8, 'times'),
    verdict("bytes beside resvg's encoder", bytes / theirs, 0.5, 'times'),
    verdict('chart to SVG', median(times['ours: chart to SVG']), 3, 'ms'),
    besideMatplotlib(chart, whole),
  ].every(Boolean);
}

function besideMatplotlib(chart: CandleChart, oursMs: number): boolean {
  const found = matplotlibPng(chart, AVERAGES, 5);
  if (found === null) {
    console.log('skipped: no python3 here has matplotlib');
    return true;
  }
  const theirs = quantile(found.warm, 0.5);
  console.log(
    `matplotlib ${found.version}: first ${found.first.toFixed(0)}, median ${theirs.toFixed(0)} CPU ms, ${found.bytes} bytes`,
  );
  return verdict('chart to PNG beside matplotlib', oursMs / theirs, 0.1, 'times');
}

async function manyBars(few: CandleChart, many: CandleChart): Promise<boolean> {
  const times = await inTurns(
    {
      '500 bars to SVG': () => writeSvg(chartScene(few)),
      '10,000 bars to SVG': () => writeSvg(chartScene(many)),
      '500 bars to PNG': () => renderChart(few, 'png', rasterizer),
      '10,000 bars to PNG': () => renderChart(many, 'png', rasterizer),
    },
    ROUNDS / 2,
  );
  for (const [name, found] of Object.entries(times)) console.log(`${name.padEnd(49)} ${ms(median(found))}`);
  const share = median(times['10,000 bars to PNG']) / median(times['500 bars to PNG']);
  return verdict('10,000 bars beside 500, to PNG', share, 2, 'times');
}

/** Least squares: how much a value rises from one sample to the next. */
function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const rises = values.reduce((sum, value, at) => sum + (at - middle) * (value - mean), 0);
  return rises / values.reduce((sum, _, at) => sum + (at - middle) ** 2, 0);
}

/** Whether memory is flat over 1,000 renders: all of an isolate, and each part of it, which could rise as another falls. */
function heldFlat({ samples }: Held): boolean {
  const half = samples.length / 2;
  const perHundred = (values: readonly number[]) => slope(values.slice(half)) * (SAMPLES / 10);
  const parts = ['heap', 'outside', 'buffers', 'resident'] as const;
  for (const part of parts) {
    const values = samples.map((sample) => sample[part]);
    console.log(
      `${part.padEnd(9)} MiB over 1,000 renders: ${values.map((value) => value.toFixed(1)).join(' ')}; ` +
        `${perHundred(values).toFixed(2)} more a hundred renders in the second half`,
    );
  }
  const isolate = samples.map(isolateMib);
  const grown = quantile(isolate.slice(half), 0.5) / quantile(isolate.slice(0, half), 0.5);
  return [
    verdict('isolate in the second half of 1,000 renders beside the first', grown, 1.1, 'times'),
    verdict('isolate at its largest in 1,000 renders', Math.max(...isolate), 128, 'MiB'),
    verdict('isolate, rise in a hundred renders of the second half', perHundred(isolate), 0.5, 'MiB'),
    ...parts
      .slice(0, 3)
      .map((part) =>
        verdict(`  its ${part}, the same`, perHundred(samples.map((sample) => sample[part])), 0.5, 'MiB'),
      ),
  ].every(Boolean);
}

async function inOwnProcess(candles: readonly RawCandle[]): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-charts-bench-'));
  try {
    const bundle = await bundleRenderer(folder);
    const starts = Array.from({ length: COLD_ROUNDS }, () =>
      inProcess<FirstRender>(bundle, 'first', bodyOf(candles)),
    );
    const spread = (of: 'wallMs' | 'cpuMs' | 'threadMs') => {
      const values = starts.map((start) => start[of]);
      return [0, 0.5, 1].map((q) => quantile(values, q).toFixed(0)).join(' / ');
    };
    console.log(
      `first render after a cold start, least / median / most of ${COLD_ROUNDS} processes, ms: wall ${spread('wallMs')}, ` +
        `CPU ${spread('cpuMs')}, of it the drawing thread ${spread('threadMs')}`,
    );
    const many = inProcess<Held>(bundle, 'many', bodyOf(candles));
    const largest = inProcess<Held>(
      bundle,
      'largest',
      bodyOf(candles, { width: 3840, height: 2160, scale: 1 }),
    );
    const memory = heldFlat(many);
    const above = largest.peakMib - largest.beganMib;
    console.log(
      `largest page: peak ${largest.peakMib.toFixed(0)} MiB, idle ${largest.beganMib.toFixed(0)} MiB`,
    );
    return [
      verdict(
        'first render after a cold start, median wall time',
        quantile(
          starts.map(({ wallMs }) => wallMs),
          0.5,
        ),
        250,
        'ms',
      ),
      memory,
      verdict('held above an idle process at 3840 x 2160', above, 128, 'MiB'),
    ].every(Boolean);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Prints the figures, and each target with whether it is met; true where all are. */
export async function run(): Promise<boolean> {
  const bars = (count: number) => realCandles(FILE, count) ?? walk(count);
  const few = bars(500);
  const chart = chartOf(few);
  const warm = await warmTimes(chart);
  const many = await manyBars(chart, chartOf(bars(10_000)));
  return (await inOwnProcess(few)) && warm && many;
}
