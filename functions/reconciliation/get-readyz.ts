import { createRoute, z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { json, openProblems, timestamp } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { readReadiness } from './reconciliation-store.ts';

/** A schedule that has not finished a tick for longer than this is dead, and nobody reconciles. */
const MAX_TICK_AGE_MS = 180_000;

const route = createRoute({
  method: 'get',
  path: '/readyz',
  tags: ['operations'],
  summary: 'Whether the database answers and the schedule runs',
  responses: {
    200: json(
      z.object({
        status: z.literal('ready'),
        last_tick_at: timestamp,
        degraded: z.array(z.enum(['redis', 'epoch-behind'])).optional(),
      }),
      'Ready; `degraded` names what is down and can be done without, and `epoch-behind` where no entry is made',
    ),
    ...openProblems(503),
  },
});

/** `GET /readyz` */
export const readyz = endpoint(route, async (c) => {
  const { db, clock, redisAnswers } = c.var.deps;
  const [{ lastTickMs: last, frozen }, redis] = await Promise.all([readReadiness(db), redisAnswers()]);
  if (last === null || clock.nowMs() - last > MAX_TICK_AGE_MS)
    throw problem('unavailable', { detail: 'the schedule has not finished a tick for 180 seconds' });
  const degraded = [...(redis ? [] : ['redis' as const]), ...(frozen ? ['epoch-behind' as const] : [])];
  const shown = degraded.length === 0 ? {} : { degraded };
  return c.json({ status: 'ready' as const, last_tick_at: isoTime(last), ...shown }, 200);
});
