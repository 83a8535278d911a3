import { createRoute, z } from '@hono/zod-openapi';
import { need } from '../platform/config.ts';
import { openProblems } from '../platform/contract.ts';
import type { Deps } from '../platform/deps.ts';
import { type AppContext, rawEndpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { type ChartFile, chartFile, judgeAddress } from './chart-address.ts';
import { MEDIA_CACHE_HITS } from './chart-metrics.ts';
import { readChart } from './chart-store.ts';
import { drawChart, PRIVATE_CACHE, PUBLIC_CACHE } from './draw-chart.ts';

const CONTENT_TYPES = { png: 'image/png', svg: 'image/svg+xml; charset=utf-8', pdf: 'application/pdf' };
const picture = { schema: z.string().openapi({ format: 'binary' }) };

const route = createRoute({
  method: 'get',
  path: '/charts/{file}',
  tags: ['charts'],
  summary: 'A picture: `{digest}.png`, `.svg` or `.pdf`; a private one needs its `exp` and `sig`',
  request: {
    params: z.object({ file: z.string().max(100) }),
    query: z.object({ exp: z.string().optional(), sig: z.string().optional() }),
  },
  responses: {
    200: {
      description: 'The picture',
      content: { 'image/png': picture, 'image/svg+xml': picture, 'application/pdf': picture },
    },
    304: { description: 'Unchanged' },
    ...openProblems(404, 410, 503),
  },
});

/** `GET /charts/{digest}.{png|svg|pdf}`: from storage, else drawn once from its catalogue row and stored. */
export const getChart = rawEndpoint(route, async (c) => {
  const { deps } = c.var;
  const file = chartFile(c.req.param('file') ?? '');
  if (file === null) throw problem('not-found');
  if (file.private) await admit(c, file);
  const etag = `"${file.digest}.${file.format}"`;
  const headers = headersOf(file, etag);
  if (
    c.req
      .header('if-none-match')
      ?.split(/\s*,\s*/)
      .includes(etag)
  )
    return new Response(null, { status: 304, headers });
  const stored = file.private ? null : await deps.media.get(`charts/${file.digest}.${file.format}`);
  if (stored !== null) return hit(deps, file, new Response(stored.body, { headers }));
  const entry = await readChart(deps.db, file.digest);
  if (entry === null) throw problem('not-found');
  if (entry.revoked) throw problem('gone');
  const kept = file.private ? await deps.media.get(`charts/${file.digest}.${file.format}`) : null;
  if (kept !== null) return hit(deps, file, new Response(kept.body, { headers }));
  const drawn = await drawChart(deps, file.digest, entry.chart, file.format);
  return new Response(drawn.bytes, { headers });
});

function hit(deps: Deps, file: ChartFile, answer: Response): Response {
  deps.metrics.count(MEDIA_CACHE_HITS, [file.format]);
  return answer;
}

/** Lets the bearer of a good private address in: 410 when its time is over, 404 for any other. */
async function admit(c: AppContext, file: ChartFile): Promise<void> {
  const { config, clock } = c.var.deps;
  const master = need(config, 'MEDIA_SIGNING_KEY')[0]?.bytes;
  if (master === undefined) throw new Error('the media key ring is empty');
  const given = { exp: c.req.query('exp'), sig: c.req.query('sig') };
  const verdict = await judgeAddress(master, file.digest, given, clock.nowMs());
  if (verdict === 'foreign') throw problem('not-found');
  if (verdict === 'expired') throw problem('gone', { detail: 'this address has expired: ask for a new one' });
}

const headersOf = (file: ChartFile, etag: string): Record<string, string> => ({
  'content-type': CONTENT_TYPES[file.format],
  'cache-control': file.private ? PRIVATE_CACHE : PUBLIC_CACHE,
  etag,
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex',
  ...(file.format === 'svg'
    ? { 'content-security-policy': "sandbox; default-src 'none'; style-src 'unsafe-inline'" }
    : {}),
});
