import { createRoute } from '@hono/zod-openapi';
import { accountFor } from '../execution/account-access.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { pageOf, pageQuery } from '../platform/page.ts';
import { listTrips } from './guard-trip-store.ts';
import { guardTripSchema, presentGuardTrip } from './present-guard-trip.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/accounts/{id}/guard/trips',
  tags: ['trading'],
  summary: 'Each time that an account’s guard has warned, what a shadow would have done too, newest first',
  security: bearer,
  middleware: requireCaller('trading:read'),
  request: { params: idParam, query: pageQuery.strict() },
  responses: { 200: json(pageOf(guardTripSchema), 'A page of trips'), ...problems(403, 404, 422) },
});

/** `GET /api/v1/accounts/{id}/guard/trips` */
export const listGuardTrips = endpoint(route, async (c) => {
  const { db } = c.var.deps;
  const { id } = await accountFor(db, c.req.valid('param').id, c.var.caller);
  const page = await listTrips(db, id, c.req.valid('query'));
  return c.json({ ...page, items: page.items.map(presentGuardTrip) }, 200);
});
