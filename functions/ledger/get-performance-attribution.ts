import { createRoute, z } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { bearer, json, problems, timestamp, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { legQuery, performanceAccount, presentAsked, tooMuch } from './get-performance.ts';
import { bucketFigures, figuresOf, legBuckets } from './leg-buckets.ts';
import { askedBuckets, MAX_BUCKETS } from './performance.ts';
import { MAX_LEGS, readLegs, readStrategies, type SourcedLeg } from './performance-store.ts';
import { bucketSchema, partSchema, performanceQuery, presentBucket } from './present-performance.ts';
import { dayStartMs, reportClock } from './report-period.ts';

const share = z
  .number()
  .nullable()
  .openapi({ description: 'bot’s part of all trades, 0 to 1; null: no trades' });
const parties = { bot: partSchema, manual: partSchema, bot_share: share };

const attributionSchema = z
  .object({
    ...{ account_id: uuid, currency: z.string().nullable(), period: z.string(), tz: z.string() },
    ...{ day_start: z.string(), from: timestamp.nullable(), to: timestamp.nullable() },
    source: z.enum(['bot', 'manual']).nullable(),
    ...parties,
    strategies: z.array(
      z.object({
        strategy: z
          .string()
          .nullable()
          .openapi({ description: 'of the signal; null: it named none, or there was none' }),
        source: z.enum(['bot', 'manual']),
        ...partSchema.shape,
      }),
    ),
    buckets: z.array(z.object({ ...bucketSchema.shape, ...parties })),
  })
  .openapi('PerformanceAttribution');

const route = createRoute({
  method: 'get',
  path: '/api/v1/performance/attribution',
  tags: ['trading'],
  summary: 'Whose doing an account’s results are: signals against manual trading, by period and by strategy',
  security: bearer,
  middleware: requireCaller('trading:read'),
  request: { query: performanceQuery },
  responses: { 200: json(attributionSchema, 'The attribution'), ...problems(403, 404, 422) },
});

/** `GET /api/v1/performance/attribution`. Without `account` that of the caller's only one. */
export const getPerformanceAttribution = endpoint(route, async (c) => {
  const query = c.req.valid('query');
  const { db } = c.var.deps;
  const account = await performanceAccount(db, query, c.var.caller);
  const asked = legQuery(account.id, query);
  const { legs } = await readLegs(db, asked);
  if (legs === null) throw tooMuch(`more than ${MAX_LEGS} trades`);
  const clock = reportClock(query.tz, dayStartMs(query.day_start));
  const of = { period: query.period, fromMs: asked.fromMs, toMs: asked.toMs };
  const buckets = askedBuckets(legs, of, clock);
  if (buckets === null) throw tooMuch(`more than ${MAX_BUCKETS} of ${query.period}`);
  const strategies = await readStrategies(db, asked);
  const within = legBuckets(legs, buckets);
  return c.json(
    {
      account_id: account.id,
      currency: account.currency,
      ...presentAsked(query, asked),
      ...partiesOf(legs),
      strategies: strategies.map(({ sums, ...strategy }) => ({ ...strategy, ...figuresOf(sums) })),
      buckets: buckets.map((bucket, i) => ({ ...presentBucket(bucket), ...partiesOf(within[i] ?? []) })),
    },
    200,
  );
});

function partiesOf(legs: readonly SourcedLeg[]) {
  const bot = bucketFigures(legs.filter((leg) => leg.source === 'bot'));
  const manual = bucketFigures(legs.filter((leg) => leg.source === 'manual'));
  return { bot, manual, bot_share: legs.length === 0 ? null : bot.trades / legs.length };
}
