import { createRoute, z } from '@hono/zod-openapi';
import { accountFor } from '../execution/account-access.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, decimal, idParam, json, problems, timestamp, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { isUuid } from '../platform/ids.ts';
import { problem } from '../platform/problem.ts';
import { guardExplanation } from './guard-explanation.ts';
import { explainedTrip, readTripFacts } from './guard-explanation-store.ts';
import { readTrip } from './guard-trip-store.ts';
import { guardTripSchema, presentGuardTrip } from './present-guard-trip.ts';

const explanation = z.object({
  summary: z.array(z.string()),
  samples: z.array(
    z.object({
      at: timestamp,
      equity: z.string(),
      flow: decimal,
      nav: decimal,
      drawdown_percent: z.number(),
      verdict: z.string(),
      meaning: z.string(),
    }),
  ),
  flows: z.array(z.object({ at: timestamp, amount: decimal })),
  closed: z.array(
    z.object({
      position_id: z.string(),
      symbol: z.string(),
      volume: decimal,
      price: decimal.nullable().openapi({ description: 'volume-weighted over its deals' }),
      net: decimal,
      first_at: timestamp,
      last_at: timestamp,
      deals: z.array(z.string()),
      by: z.array(z.string()).openapi({
        description: 'who closed, in the broker’s word; `expert` is a program: we, or its bridge',
      }),
    }),
  ),
  cancelled: z.array(z.object({ order: z.string(), symbol: z.string() })),
  standing: z.array(
    z.object({
      kind: z.enum(['position', 'order']),
      subject: z.string(),
      symbol: z.string(),
      volume: decimal.nullable(),
      why: z.string(),
      tries: z.number().int(),
    }),
  ),
  interventions: z
    .array(
      z.object({
        at: timestamp,
        kind: z.enum(['close-all', 'stop', 'rearm']),
        by: uuid.nullable(),
        reason: z.string().nullable(),
      }),
    )
    .openapi({
      description: 'what people did to it, a close-all that joined it too; `cause` stays what it began by',
    }),
  realised: decimal,
});
const detailSchema = guardTripSchema.extend({ explanation }).openapi('GuardTripDetail');
const route = createRoute({
  method: 'get',
  path: '/api/v1/accounts/{id}/guard/trips/{trip_id}',
  tags: ['trading'],
  summary:
    'Why a guard warned or closed, and what came of it: samples, flows, what closed at which price, what did not and why',
  security: bearer,
  middleware: requireCaller('trading:read'),
  request: { params: idParam.extend({ trip_id: z.string().max(100) }) },
  responses: { 200: json(detailSchema, 'The trip, explained'), ...problems(403, 404) },
});

/** `GET /api/v1/accounts/{id}/guard/trips/{trip_id}` */
export const getGuardTrip = endpoint(route, async (c) => {
  const { db } = c.var.deps;
  const { id, trip_id } = c.req.valid('param');
  const account = await accountFor(db, id, c.var.caller);
  const trip = isUuid(trip_id) ? await readTrip(db, account.id, trip_id) : null;
  if (trip === null) throw problem('not-found');
  const explained = guardExplanation(explainedTrip(trip), await readTripFacts(db, trip));
  return c.json({ ...presentGuardTrip(trip), explanation: explained }, 200);
});
