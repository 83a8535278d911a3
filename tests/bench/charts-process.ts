// Charts drawn in a process of their own, from a bundle as the clouds run one: what a cold start costs, and what is held
// in memory. Run as a program: `node charts-process.ts BUNDLE WORK` with the request on standard input.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { build } from 'esbuild';

const CHARTS = join(import.meta.dirname, '../../functions/charts');
const MIB = 1024 * 1024;

type Bundle = {
  parseChartSpec: typeof import('../../functions/charts/chart-spec.ts').parseChartSpec;
  resolveChart: typeof import('../../functions/charts/resolved-chart.ts').resolveChart;
  renderChart: typeof import('../../functions/charts/render-chart.ts').renderChart;
  createRasterizer: typeof import('../../functions/charts/rasterizer.ts').createRasterizer;
};

/** Bundles what draws a chart into one file and names it. */
export async function bundleRenderer(folder: string): Promise<string> {
  const outfile = join(folder, 'renderer.mjs');
  const names = ['chart-spec', 'resolved-chart', 'render-chart', 'rasterizer'];
  const contents = names.map((name) => `export * from './${name}.ts';`).join('\n');
  await build({
    stdin: { contents, resolveDir: CHARTS, loader: 'ts' },
    ...{ outfile, bundle: true, minify: true, platform: 'node', target: 'node24', format: 'esm' },
    ...{ loader: { '.wasm': 'binary', '.ttf': 'binary' }, logLevel: 'silent' },
  });
  return outfile;
}

/** `threadMs`: CPU time of the drawing thread alone, without V8's compilers beside it: what the wall time is at the least. */
export type FirstRender = { wallMs: number; cpuMs: number; threadMs: number; bytes: number };
/**
 * MiB after all garbage is gone. `heap`: objects; `outside`: all that belongs to them elsewhere, WebAssembly's memory and
 * the buffers too, of which `buffers` are a part; `resident`: of the whole process, which gives pages back late.
 */
export type Sample = { heap: number; outside: number; buffers: number; resident: number };
/** Samples at even distances; began with the bundle loaded and nothing drawn. The peak is the process's own. */
export type Held = { beganMib: number; samples: Sample[]; peakMib: number };
/** Of heap and what is outside it: what the limit of a Worker counts. */
export const isolateMib = ({ heap, outside }: Sample): number => heap + outside;
export const SAMPLES = 20;

/** Runs work on a bundle in a process of its own and returns what it prints. */
export function inProcess<T>(bundle: string, work: 'first' | 'many' | 'largest', body: unknown): T {
  const args = ['--expose-gc', import.meta.filename, bundle, work];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    input: JSON.stringify(body),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as T;
}

/** Buffers are freed behind the collection that found them unused, so it takes a second, a turn of the event loop later. */
async function sampled(): Promise<Sample> {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.();
    await setTimeout(20);
  }
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return {
    ...{ heap: heapUsed / MIB, outside: external / MIB },
    ...{ buffers: arrayBuffers / MIB, resident: rss / MIB },
  };
}

async function drawn(bundle: string, body: unknown): Promise<() => Promise<number>> {
  const file = createRequire(import.meta.url).resolve('@resvg/resvg-wasm/index_bg.wasm');
  const wasm = new Uint8Array(readFileSync(file));
  const { parseChartSpec, resolveChart, renderChart, createRasterizer } = (await import(bundle)) as Bundle;
  const rasterizer = createRasterizer(async () => wasm);
  return async () => {
    const parsed = parseChartSpec(body);
    if (parsed.outcome !== 'ok') throw new Error(JSON.stringify(parsed.faults.slice(0, 3)));
    return (await renderChart(resolveChart(parsed.spec), 'png', rasterizer)).bytes.length;
  };
}

/** Import, start of the rasterizer and one picture; the process's own start and the reading of the request are not in it. */
async function first(bundle: string, body: unknown): Promise<FirstRender> {
  const [begunMs, cpu, thread] = [performance.now(), process.cpuUsage(), process.threadCpuUsage()];
  const bytes = await (await drawn(bundle, body))();
  const wallMs = performance.now() - begunMs;
  const [all, own] = [process.cpuUsage(cpu), process.threadCpuUsage(thread)];
  const inMs = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1000;
  return { wallMs, cpuMs: inMs(all), threadMs: inMs(own), bytes };
}

async function held(bundle: string, body: unknown, rounds: number): Promise<Held> {
  const draw = await drawn(bundle, body);
  const beganMib = (await sampled()).resident;
  const samples: Sample[] = [];
  for (let n = 1; n <= rounds; n += 1) {
    await draw();
    if (n % Math.ceil(rounds / SAMPLES) === 0) samples.push(await sampled());
  }
  return { beganMib, samples, peakMib: process.resourceUsage().maxRSS / 1024 };
}

if (import.meta.main) {
  const [bundle = '', work = ''] = process.argv.slice(2);
  const body: unknown = JSON.parse(readFileSync(0, 'utf8'));
  const result =
    work === 'first' ? await first(bundle, body) : await held(bundle, body, work === 'many' ? 1000 : 1);
  console.log(JSON.stringify(result));
}
