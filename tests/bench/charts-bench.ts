// What a chart costs beside what else could draw it: 500 bars of gold, three averages and volume at 1200 x 630. All but
// memory and cold starts take turns in one process and are told in CPU time, which other work on the machine moves least.
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
import { scenePixels } from '../../functions/charts/scene-pixels.ts';
import { writeSvg } from '../../functions/charts/svg-writer.ts';
import { chartHeader } from '../../infra/charts/chart-tools.ts';
import { rasterizer, realCandles, specOf, walk } from '../charts/sample-chart.ts';
import { echartsSvg, matplotlibPng, nativePng } from './charts-contenders.ts';
import { bundleRenderer, type FirstRender, type Held, inProcess } from './charts-process.ts';
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
  const times = await inTurns(
    {
      'ours: scene': () => chartScene(chart),
      'ours: scene to SVG': () => writeSvg(scene),
      'ours: chart to SVG': () => writeSvg(chartScene(chart)),
      'ours: scene to pixels': () => scenePixels(scene, rasterizer),
      'ours: encode': () => writePng(pixels),
      'ours: scene to PNG (raster, encode)': async () => writePng(await scenePixels(scene, rasterizer)),
      'ours: chart to PNG': () => renderChart(chart, 'png', rasterizer),
      'ours: header of a titled chart': () => chartHeader({ ...chart, title: 'Gold before the meeting' }),
      'ours: header and cards': () => chartHeader({ ...chart, size: NAMED_SIZES.social }),
      'resvg native: SVG to PNG (parse, raster, encode)': () => nativePng(svg),
      'resvg wasm: SVG to PNG': () => wasmPng(svg),
      'ECharts: chart to SVG': () => echartsSvg(chart, AVERAGES),
      'ECharts and resvg wasm: chart to PNG': () => wasmPng(echartsSvg(chart, AVERAGES)),
    },
    ROUNDS,
  );
  console.log(`CPU ms                                              first   median      p25      p75`);
  for (const [name, found] of Object.entries(times)) {
    const quarters = [0.5, 0.25, 0.75].map((q) => ms(quantile(found.warm, q))).join(' ');
    console.log(`${name.padEnd(49)}${ms(found.first)} ${quarters}`);
  }
  const bytes = writePng(pixels).length;
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

async function inOwnProcess(candles: readonly RawCandle[]): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-charts-bench-'));
  try {
    const bundle = await bundleRenderer(folder);
    const starts = Array.from({ length: COLD_ROUNDS }, () =>
      inProcess<FirstRender>(bundle, 'first', bodyOf(candles)),
    );
    const wall = starts.map((s) => s.wallMs);
    const cpu = starts.map((s) => s.cpuMs);
    console.log(
      `first render after a cold start: wall ${quantile(wall, 0).toFixed(0)} to ${quantile(wall, 1).toFixed(0)} ms, ` +
        `CPU ${quantile(cpu, 0).toFixed(0)} to ${quantile(cpu, 1).toFixed(0)} ms in ${COLD_ROUNDS} processes`,
    );
    const many = inProcess<Held>(bundle, 'many', bodyOf(candles));
    const mib = (values: readonly number[]) => values.map((m) => m.toFixed(0)).join(' ');
    console.log(`memory over 1,000 renders, MiB after each hundred: isolate ${mib(many.isolateMib)}`);
    console.log(`  resident ${mib(many.rssMib)}`);
    const largest = inProcess<Held>(
      bundle,
      'largest',
      bodyOf(candles, { width: 3840, height: 2160, scale: 1 }),
    );
    const grown = quantile(many.isolateMib.slice(5), 0.5) / quantile(many.isolateMib.slice(0, 5), 0.5);
    return [
      verdict('first render after a cold start, median wall time', quantile(wall, 0.5), 250, 'ms'),
      verdict('isolate in the second half of 1,000 renders beside the first', grown, 1.1, 'times'),
      verdict('held above an idle process at 3840 x 2160', largest.peakMib - largest.beganMib, 128, 'MiB'),
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
