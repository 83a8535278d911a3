// Charts drawn in a process of their own, from a bundle as the clouds run one: what a cold start costs, and what is held
// in memory. Run as a program: `node charts-process.ts BUNDLE WORK` with the request on standard input.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
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

export type FirstRender = { wallMs: number; cpuMs: number; bytes: number };
/**
 * `isolateMib`: heap and all outside it, WebAssembly too, after collections of garbage: what the limit of a Worker counts.
 * `rssMib`: of the whole process, at the same moments. The peak is of the process as well.
 */
export type Held = { beganMib: number; isolateMib: number[]; rssMib: number[]; peakMib: number };

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

function inMib(): { rss: number; isolate: number } {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss: rss / MIB, isolate: (heapUsed + external) / MIB };
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
  const [begunMs, cpu] = [performance.now(), process.cpuUsage()];
  const bytes = await (await drawn(bundle, body))();
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs: performance.now() - begunMs, cpuMs: (user + system) / 1000, bytes };
}

async function held(bundle: string, body: unknown, rounds: number): Promise<Held> {
  const draw = await drawn(bundle, body);
  const beganMib = inMib().rss;
  const [isolateMib, rssMib]: [number[], number[]] = [[], []];
  for (let n = 1; n <= rounds; n += 1) {
    await draw();
    if (n % Math.ceil(rounds / 10) !== 0) continue;
    const { isolate, rss } = inMib();
    isolateMib.push(isolate);
    rssMib.push(rss);
  }
  return { beganMib, isolateMib, rssMib, peakMib: process.resourceUsage().maxRSS / 1024 };
}

if (import.meta.main) {
  const [bundle = '', work = ''] = process.argv.slice(2);
  const body: unknown = JSON.parse(readFileSync(0, 'utf8'));
  const result =
    work === 'first' ? await first(bundle, body) : await held(bundle, body, work === 'many' ? 1000 : 1);
  console.log(JSON.stringify(result));
}
