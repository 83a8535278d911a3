import { createRoute } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { bearer, body, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { changeCalendar } from './calendar-change.ts';
import { blockSchema } from './calendar-definition.ts';
import { storedSchema } from './post-calendar.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/market/calendars/{id}/blocks',
  tags: ['market'],
  summary:
    'Take no entries in a span of time, such as around news; closes stay possible. Later versions get it too',
  security: bearer,
  middleware: requireCaller('admin'),
  request: { params: idParam, body: body(blockSchema) },
  responses: { 201: json(storedSchema, 'The new version'), ...problems(400, 403, 404, 409, 415, 422) },
});

/** `POST /api/v1/market/calendars/{id}/blocks`. Blocks that ended more than a day before are left out of the version. */
export const postCalendarBlock = endpoint(route, async (c) => {
  const block = c.req.valid('json');
  const oldMs = c.var.deps.clock.nowMs() - 86_400_000;
  const stored = await changeCalendar(c, c.req.valid('param').id, 'calendar.block', (known) => ({
    ...known,
    source: known.source === 'default' ? 'override' : known.source,
    blocklist: [...known.blocklist.filter((b) => Date.parse(b.to) > oldMs), block],
  }));
  return c.json(stored, 201);
});
