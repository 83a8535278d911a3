import { createRoute } from '@hono/zod-openapi';
import { type Caller, requireCaller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import { isoTime } from '../platform/clock.ts';
import { bearer, json, problems } from '../platform/contract.ts';
import type { Database } from '../platform/database.ts';
import { sum } from '../platform/decimal.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { legFigures } from './leg-tally.ts';
import { askedBuckets, bucketReport, MAX_BUCKETS, navReport, statementReport } from './performance.ts';
import {
  type LegQuery,
  MAX_LEGS,
  type PerformanceAccount,
  readPerformance,
  readPerformanceAccount,
} from './performance-store.ts';
import {
  type PerformanceQuery,
  performanceQuery,
  performanceSchema,
  presentBucket,
  presentFigures,
  presentNav,
} from './present-performance.ts';
import { dayStartMs, dayStarts, reportClock } from './report-period.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/performance',
  tags: ['trading'],
  summary:
    'What an account made of its money: figures, what its terminal states, drawdowns, and all by period',
  security: bearer,
  middleware: requireCaller('trading:read'),
  request: { query: performanceQuery },
  responses: { 200: json(performanceSchema, 'Its figures, by period too'), ...problems(403, 404, 422) },
});

/** `GET /api/v1/performance`. Without `account` that of the caller's only one. */
export const getPerformance = endpoint(route, async (c) => {
  const query = c.req.valid('query');
  const { db } = c.var.deps;
  const account = await performanceAccount(db, query, c.var.caller);
  const asked = legQuery(account.id, query);
  const clock = reportClock(query.tz, dayStartMs(query.day_start));
  const facts = await readPerformance(db, asked, dayStarts(clock, asked, account.equityMs));
  const { legs } = facts;
  if (legs === null) throw tooMuch(`more than ${MAX_LEGS} trades`);
  const of = { period: query.period, fromMs: asked.fromMs, toMs: asked.toMs };
  const buckets = askedBuckets(legs, of, clock);
  if (buckets === null) throw tooMuch(`more than ${MAX_BUCKETS} of ${query.period}`);
  const books = { ...facts, legs };
  const whole = asked.source === null;
  return c.json(
    {
      account_id: account.id,
      currency: account.currency,
      ...presentAsked(query, asked),
      unverified_since: account.unverifiedMs === null ? null : isoTime(account.unverifiedMs),
      account_costs: sum(facts.costs.map((cost) => cost.amount)),
      figures: presentFigures(legFigures(legs), { ...facts.parts, pips: facts.pips }),
      statement: whole ? statementReport(books, asked.fromMs) : null,
      nav: whole ? presentNav(navReport(books, of, clock)) : null,
      buckets: bucketReport(legs, buckets).map(({ bucket, ...figures }) => ({
        ...presentBucket(bucket),
        ...figures,
      })),
    },
    200,
  );
});

/** Whose performance it is: 404 for none, 403 for another's, 422 where none is named and the caller has not exactly one. */
export async function performanceAccount(
  db: Database,
  query: PerformanceQuery,
  caller: Caller,
): Promise<PerformanceAccount> {
  const accountId = query.account ?? null;
  const account = await readPerformanceAccount(db, { accountId, userId: caller.userId });
  if (account === null && accountId !== null) throw problem('not-found', { detail: 'no such account' });
  if (account === null)
    throw problem('account-required', { detail: 'you have not exactly one account: name one with account' });
  if (account.userId !== caller.userId && !readsEverything(caller.role)) throw problem('forbidden');
  return account;
}

/** The window and source that were asked for; 422 where the window ends before it begins. */
export function legQuery(accountId: string, query: PerformanceQuery): LegQuery {
  const fromMs = query.from === undefined ? null : Date.parse(query.from);
  const toMs = query.to === undefined ? null : Date.parse(query.to);
  if (fromMs !== null && toMs !== null && fromMs >= toMs)
    throw problem('invalid-query', { errors: [{ pointer: '/to', detail: 'must be after from' }] });
  return { accountId, fromMs, toMs, source: query.source ?? null };
}

/** What was asked for, as the answer repeats it. */
export const presentAsked = (query: PerformanceQuery, { fromMs, toMs, source }: LegQuery) => ({
  ...{ period: query.period, tz: query.tz, day_start: query.day_start, source },
  from: fromMs === null ? null : isoTime(fromMs),
  to: toMs === null ? null : isoTime(toMs),
});

/** The refusal of a report that would be too long. */
export const tooMuch = (what: string) =>
  problem('invalid-query', {
    errors: [{ pointer: '/from', detail: `that is ${what}: ask for less at once with from and to` }],
  });
