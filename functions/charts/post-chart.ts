import { createRoute } from '@hono/zod-openapi';
import { type CallerEnv, requireCaller } from '../identity/caller.ts';
import { bearer, body, json, problems } from '../platform/contract.ts';
import type { Deps } from '../platform/deps.ts';
import { rawEndpoint } from '../platform/endpoint.ts';
import { jsonBody } from '../platform/json-body.ts';
import { problem } from '../platform/problem.ts';
import { altText } from './alt-text.ts';
import { chartCost, leastCost } from './chart-cost.ts';
import { chartFaults } from './chart-faults.ts';
import { expiryMs, subjectIds } from './chart-life.ts';
import { askedSize } from './chart-look.ts';
import { chartName } from './chart-name.ts';
import { type ChartSpec, chartSpecSchema, parseChartSpec } from './chart-spec.ts';
import { insertChart, readSpent } from './chart-store.ts';
import { fetchChartData } from './fetch-chart-data.ts';
import { fetchPicture } from './fetch-picture.ts';
import { chartSchema, mediaKey, presentChart } from './present-chart.ts';
import { resolveChart } from './resolved-chart.ts';

const MAX_BYTES = 4 * 1024 * 1024;
const MAX_DEPTH = 8;
const DAY_MS = 86_400_000;

const route = createRoute({
  method: 'post',
  path: '/api/v1/charts',
  tags: ['charts'],
  summary: 'Draw a chart; its address never changes',
  security: bearer,
  request: { body: body(chartSpecSchema) },
  responses: { 201: json(chartSchema, 'Where the picture is'), ...problems(400, 403, 404, 410, 415, 422) },
});

/**
 * `POST /api/v1/charts`; the body may hold candles up to 4 MiB. A picture that is there already costs nothing; over the day's
 * allowance a new one is 429, as is any by reference, whose data costs as much as a picture; and one that was taken back is 410: its address is gone for good.
 */
export const postChart = rawEndpoint(
  route,
  async (c) => {
    const { deps, caller } = c.var as CallerEnv['Variables'];
    const spec = await readSpec(c.req.raw);
    if (isByReference(spec)) await expectAllowance(deps, spec, caller.userId);
    const chart = resolveChart(spec, await fetchChartData(deps, spec, caller));
    const faults = chartFaults(chart);
    if (faults.length > 0) throw problem('invalid-body', { errors: faults });
    const nowMs = deps.clock.nowMs();
    const { userId } = caller;
    const name = await chartName(chart, { master: mediaKey(deps), userId });
    const alt = altText(chart);
    const expiresMs = expiryMs(chart, nowMs, deps.config.MEDIA_TTL_SECONDS);
    const entry = { ...name, ...subjectIds(chart), userId, chart, alt, createdMs: nowMs, expiresMs };
    const allowance = { cost: chartCost(chart), daily: deps.config.MEDIA_DAILY_COST };
    const outcome = await insertChart(deps.db, entry, allowance);
    if (outcome === 'over-allowance') throw overAllowance(nowMs, allowance.daily);
    if (outcome === 'revoked')
      throw problem('gone', {
        detail: 'this picture was taken back: one with another title has another address',
      });
    if (outcome === 'new')
      deps.after(() => fetchPicture(deps, { digest: name.digest, format: 'png' }, async () => alt));
    return c.json(await presentChart(deps, { ...name, alt, endMs: expiresMs }), 201);
  },
  [requireCaller('charts')],
);

async function readSpec(request: Request): Promise<ChartSpec> {
  const spec = parseChartSpec(await jsonBody(request, { maxBytes: MAX_BYTES, maxDepth: MAX_DEPTH }));
  if (spec.outcome === 'invalid') throw problem('invalid-body', { errors: spec.faults });
  return spec.spec;
}

const isByReference = ({ source }: ChartSpec): boolean =>
  !('candles' in source || 'points' in source || 'values' in source);

/** Before anybody's books or broker are asked: throws 429 where not even the least of such a picture can be paid for. */
async function expectAllowance(deps: Deps, spec: ChartSpec, userId: string): Promise<void> {
  const nowMs = deps.clock.nowMs();
  const { MEDIA_DAILY_COST: daily } = deps.config;
  const spent = await readSpent(deps.db, userId, nowMs);
  if (spent + leastCost(askedSize(spec.size)) > daily) throw overAllowance(nowMs, daily);
}

/** The allowance begins anew at midnight UTC. */
function overAllowance(nowMs: number, daily: number) {
  const seconds = Math.ceil((DAY_MS - (nowMs % DAY_MS)) / 1000);
  return problem(
    'rate-limited',
    { detail: `new pictures of this day would cost more than ${daily}: smaller ones cost less` },
    { 'retry-after': String(seconds) },
  );
}
