import type { Deps } from '../platform/deps.ts';
import { causeOf } from '../platform/log.ts';
import { ProblemError, problem } from '../platform/problem.ts';
import { altValue } from './alt-header.ts';
import { fileKey } from './chart-address.ts';
import { MEDIA_RENDER } from './chart-metrics.ts';
import type { Drawing } from './drawing-lease-store.ts';
import type { Picture } from './picture-shelf.ts';
import { createRasterizer, type WasmSource } from './rasterizer.ts';
import { renderChart } from './render-chart.ts';
import type { ResolvedChart } from './resolved-chart.ts';
import { createHeaderLayout } from './satori-client.ts';

/** Caching of a market chart: its address names its content, so it never changes. */
export const PUBLIC_CACHE = 'public, max-age=31536000, immutable';
/** Caching of a private chart: short, so that a revocation is seen within five minutes. */
export const PRIVATE_CACHE = 'private, max-age=300';
/** Of an answer that may be another one the next time. */
export const UNKEPT = { 'cache-control': 'no-store' };

/** The refusal of a file that is larger than the deployment serves, in bytes. */
export const tooLarge = (bytes: number, limit: number): ProblemError =>
  problem(
    'payload-too-large',
    {
      detail: `the picture has ${bytes} bytes and at most ${limit} are served: ask for a smaller one`,
      bytes,
      limit,
    },
    UNKEPT,
  );

/**
 * Draws a chart and stores it under its address; later readers get the stored bytes. Throws 413 where it is larger than
 * `MEDIA_MAX_BYTES`, with its size as `bytes`, and 503 where drawing or storing fails: it may go well the next time, so that
 * answer is never kept, and the cause goes to the log.
 */
export async function drawChart(
  deps: Deps,
  of: Pick<Drawing, 'digest' | 'format'>,
  chart: ResolvedChart,
  alt: string,
): Promise<Picture> {
  try {
    return await draw(deps, of, chart, altValue(alt));
  } catch (e) {
    if (e instanceof ProblemError) throw e;
    deps.log({ kind: 'fault', name: 'draw-chart', outcome: 'thrown', request_id: '', cause: causeOf(e) });
    throw problem('unavailable', { detail: 'the picture could not be drawn' }, UNKEPT);
  }
}

async function draw(
  deps: Deps,
  { digest, format }: Pick<Drawing, 'digest' | 'format'>,
  chart: ResolvedChart,
  alt: string,
): Promise<Picture> {
  const rasterizer = createRasterizer(async () => (await deps.loadRasterizerWasm()) as WasmSource);
  const header = createHeaderLayout(async () => (await deps.loadLayoutWasm()) as WasmSource);
  const { bytes, contentType } = await renderChart(chart, format, rasterizer, header);
  deps.metrics.count(MEDIA_RENDER, [format]);
  const limit = deps.config.MEDIA_MAX_BYTES;
  if (bytes.length > limit) throw tooLarge(bytes.length, limit);
  const cacheControl = digest.startsWith('p-') ? PRIVATE_CACHE : PUBLIC_CACHE;
  await deps.media.put(fileKey({ digest, format }), bytes, { contentType, cacheControl, alt });
  return { bytes, alt };
}
