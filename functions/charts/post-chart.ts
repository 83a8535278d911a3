import { createRoute, z } from '@hono/zod-openapi';
import { type Caller, type CallerEnv, requireCaller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import { fetchCandles } from '../market/fetch-candles.ts';
import { isoTime } from '../platform/clock.ts';
import { need } from '../platform/config.ts';
import { bearer, body, json, problems, timestamp } from '../platform/contract.ts';
import type { Deps } from '../platform/deps.ts';
import { rawEndpoint } from '../platform/endpoint.ts';
import { jsonBody } from '../platform/json-body.ts';
import { problem } from '../platform/problem.ts';
import { altText } from './alt-text.ts';
import { type CdnKey, cdnKey } from './cdn-signature.ts';
import { chartAddresses, PRIVATE_LIFE_SECONDS, privateDigestKey } from './chart-address.ts';
import { chartDigest } from './chart-digest.ts';
import { type ChartSpec, chartSpecSchema, parseChartSpec } from './chart-spec.ts';
import { insertChart, readSignalSubject, readTradeSubject } from './chart-store.ts';
import { drawChart } from './draw-chart.ts';
import { type ChartData, isPrivateChart, resolveChart } from './resolved-chart.ts';

const MAX_BYTES = 4 * 1024 * 1024;
const MAX_DEPTH = 8;
const TIMEFRAME = 'H1' as const;
const SHOWN_BARS = 150;
const WARM_UP_BARS = 50;

const chartSchema = z
  .object({
    url: z.string(),
    urls: z.object({ png: z.string(), svg: z.string(), pdf: z.string() }),
    expires_at: timestamp.nullable(),
    etag: z.string(),
    alt: z.string(),
  })
  .openapi('Chart');

const route = createRoute({
  method: 'post',
  path: '/api/v1/charts',
  tags: ['charts'],
  summary: 'Draw a chart; its address never changes',
  security: bearer,
  request: { body: body(chartSpecSchema) },
  responses: { 201: json(chartSchema, 'Where the picture is'), ...problems(400, 403, 404, 415, 422) },
});

/** `POST /api/v1/charts`; the body may hold candles up to 4 MiB. */
export const postChart = rawEndpoint(
  route,
  async (c) => {
    const { deps, caller } = c.var as CallerEnv['Variables'];
    const spec = await readSpec(c.req.raw);
    const chart = resolveChart(spec, await dataOf(deps, spec, caller));
    const hidden = isPrivateChart(chart);
    const nowMs = deps.clock.nowMs();
    const master = need(deps.config, 'MEDIA_SIGNING_KEY')[0]?.bytes;
    if (master === undefined) throw new Error('the media key ring is empty');
    const digest = hidden
      ? `p-${await chartDigest(chart, { visibility: 'private', key: await privateDigestKey(master, caller.userId) })}`
      : await chartDigest(chart, { visibility: 'public' });
    const alt = altText(chart);
    await insertChart(deps.db, {
      digest,
      userId: caller.userId,
      private: hidden,
      chart,
      alt,
      createdMs: nowMs,
    });
    deps.after(() => drawChart(deps, digest, chart, 'png'));
    const expSeconds = Math.floor(nowMs / 1000) + PRIVATE_LIFE_SECONDS;
    const urls = await chartAddresses(
      deps.config.MEDIA_PUBLIC_BASE_URL,
      digest,
      hidden ? { master, expSeconds, cdn: await cdnOf(deps) } : null,
    );
    const expires = hidden ? isoTime(expSeconds * 1000) : null;
    return c.json({ url: urls.png, urls, expires_at: expires, etag: `"${digest}"`, alt }, 201);
  },
  [requireCaller('charts')],
);

async function cdnOf({ config }: Deps): Promise<CdnKey | null> {
  const { MEDIA_CDN_PRIVATE_KEY: pem, MEDIA_KEY_PAIR_ID: id } = config;
  return pem === undefined || id === undefined ? null : cdnKey(pem, id);
}

async function readSpec(request: Request): Promise<ChartSpec> {
  const spec = parseChartSpec(await jsonBody(request, { maxBytes: MAX_BYTES, maxDepth: MAX_DEPTH }));
  if (spec.outcome === 'invalid') throw problem('invalid-body', { errors: spec.faults });
  return spec.spec;
}

/** The data of a chart by reference. 404 and 403 as everywhere; candles come from the account's own broker. */
async function dataOf(deps: Deps, spec: ChartSpec, caller: Caller): Promise<ChartData | undefined> {
  const { source } = spec;
  if ('candles' in source) return undefined;
  if ('account_id' in source) throw sourceFault('/source/account_id', 'an account has no candles of its own');
  const subject =
    'signal_id' in source
      ? await readSignalSubject(deps.db, source.signal_id, caller.userId)
      : await readTradeSubject(deps.db, source.trade_id, caller.userId);
  if (subject === null) throw problem('not-found', { detail: 'no such source' });
  if (!subject.mine && !readsEverything(caller.role)) throw problem('forbidden');
  const { accountId, bridgeId, instrument, symbol } = subject;
  const of = accountId ? { accountId, bridgeId, symbol, timeframe: TIMEFRAME } : null;
  const found = of === null ? [] : await fetchCandles(deps, of, SHOWN_BARS + WARM_UP_BARS);
  if (found.length === 0)
    throw sourceFault('/source', `there are no candles of ${instrument} yet: no bridge has sent any`);
  const optional = (key: string, value: string | null) => (value === null ? {} : { [key]: Number(value) });
  return {
    instrument,
    timeframe: TIMEFRAME,
    digits: subject.digits,
    candles: found.map((b) => ({
      timeMs: b.timeMs,
      open: Number(b.open),
      high: Number(b.high),
      low: Number(b.low),
      close: Number(b.close),
      volume: Number(b.volume),
    })),
    visibleFrom: Math.max(0, found.length - SHOWN_BARS),
    annotations: {
      entry: Number(subject.entry),
      ...optional('stop_loss', subject.stopLoss),
      ...optional('take_profit', subject.takeProfit),
      markers: subject.marks.map((m) => ({ ...m, price: Number(m.price) })),
    },
  };
}

const sourceFault = (pointer: string, detail: string) =>
  problem('invalid-body', { errors: [{ pointer, detail }] });
