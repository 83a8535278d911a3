import { createRoute } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { bearer, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { pageOf, pageQuery } from '../platform/page.ts';
import { listDestinations } from './destination-store.ts';
import { alertDestinationSchema, presentAlertDestination } from './present-alert-destination.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/alerts/destinations',
  tags: ['alerts'],
  summary: 'Where alerts go (owner and admin)',
  security: bearer,
  middleware: requireCaller('admin'),
  request: { query: pageQuery.strict() },
  responses: { 200: json(pageOf(alertDestinationSchema), 'A page of destinations'), ...problems(403, 422) },
});

/** `GET /api/v1/alerts/destinations` */
export const listAlertDestinations = endpoint(route, async (c) => {
  const page = await listDestinations(c.var.deps.db, c.req.valid('query'));
  return c.json({ ...page, items: page.items.map(presentAlertDestination) }, 200);
});
