import { createRoute, z } from '@hono/zod-openapi';
import { openProblems } from '../platform/contract.ts';
import type { Deps } from '../platform/deps.ts';
import { type AppContext, rawEndpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { altHeader } from './alt-header.ts';
import { type ChartFile, chartFile, judgeAddress } from './chart-address.ts';
import { type ChartState, readChartState } from './chart-store.ts';
import { PRIVATE_CACHE, PUBLIC_CACHE, UNKEPT } from './draw-chart.ts';
import { fetchPicture } from './fetch-picture.ts';
import { mediaKey } from './present-chart.ts';

const CONTENT_TYPES = { png: 'image/png', svg: 'image/svg+xml; charset=utf-8', pdf: 'application/pdf' };
const picture = { schema: z.string().openapi({ format: 'binary' }) };

/**
 * How long an isolate goes by what it knows of a private chart. The answer says so as its `Age`, so that whoever keeps it
 * for 300 s counts from when the catalogue was asked: what is taken back is gone everywhere within that time.
 */
const KNOWN_MS = 5_000;
const MAX_KNOWN = 5_000;
const known = new Map<string, { state: ChartState; atMs: number }>();

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
      description: 'The picture; `X-Alt-Text` says what it shows (RFC 8187)',
      content: { 'image/png': picture, 'image/svg+xml': picture, 'application/pdf': picture },
    },
    304: { description: 'Unchanged' },
    ...openProblems(404, 410, 413, 503),
  },
});

/** `GET /charts/{digest}.{png|svg|pdf}`, and HEAD: what is at hand, stored, or drawn once from its catalogue row. */
export const getChart = rawEndpoint(route, async (c) => {
  const { deps } = c.var;
  const file = chartFile(c.req.param('file') ?? '');
  if (file === null) throw problem('not-found');
  // Judged before anything is answered, a 304 too: it may have been taken back since the reader saw it.
  const age = file.private ? await admitPrivate(c, file) : {};
  const etag = `"${file.digest}.${file.format}"`;
  const headers = { ...headersOf(file, etag), ...age };
  const seen = c.req.header('if-none-match')?.split(/\s*,\s*/) ?? [];
  const unchanged = () => new Response(null, { status: 304, headers });
  if (seen.some((tag) => tag.replace(/^W\//, '') === etag)) return unchanged();
  const found = fetchPicture(deps, file, async () => live(deps, await readChartState(deps.db, file.digest)));
  // A reader who leaves takes nothing away from those who wait for the same.
  deps.after(() => found.catch(() => {}));
  const { bytes, alt } = await found;
  if (seen.includes('*')) return unchanged();
  return new Response(bytes, {
    headers: { ...headers, ...altHeader(alt), 'content-length': String(bytes.length) },
  });
});

/** The words about a chart that may be seen. Throws 404 for none and 410 for one that was taken back or is over. */
function live({ clock }: Deps, state: ChartState | null): string {
  if (state === null) throw problem('not-found', {}, UNKEPT);
  if (state.revoked) throw problem('gone', {}, UNKEPT);
  if (state.expiresMs !== null && state.expiresMs <= clock.nowMs())
    throw problem('gone', { detail: 'this picture was kept for a limited time, which is over' }, UNKEPT);
  return state.alt;
}

/** Lets the bearer of a good address in to a chart that may be seen; how long ago that was known, where it was before. */
async function admitPrivate(c: AppContext, file: ChartFile): Promise<Record<string, string>> {
  const { deps } = c.var;
  await admitBearer(c, file);
  const nowMs = deps.clock.nowMs();
  const before = known.get(file.digest);
  if (before !== undefined && nowMs - before.atMs < KNOWN_MS) {
    live(deps, before.state);
    return { age: String(Math.ceil((nowMs - before.atMs) / 1000)) };
  }
  known.delete(file.digest);
  const state = await readChartState(deps.db, file.digest);
  live(deps, state);
  if (state === null) return {};
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(file.digest, { state, atMs: nowMs });
  return {};
}

/** Lets the bearer of a good private address in: 410 when its time is over, 404 for any other. */
async function admitBearer(c: AppContext, file: ChartFile): Promise<void> {
  const { deps } = c.var;
  const given = { exp: c.req.query('exp'), sig: c.req.query('sig') };
  const verdict = await judgeAddress(mediaKey(deps), file.digest, given, deps.clock.nowMs());
  if (verdict === 'foreign') throw problem('not-found', {}, UNKEPT);
  if (verdict === 'expired')
    throw problem('gone', { detail: 'this address has expired: ask for a new one' }, UNKEPT);
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
