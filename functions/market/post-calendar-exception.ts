import { createRoute } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { bearer, body, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { changeCalendar } from './calendar-change.ts';
import { exceptionSchema } from './calendar-definition.ts';
import { storedSchema } from './post-calendar.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/market/calendars/{id}/exceptions',
  tags: ['market'],
  summary:
    'Add a holiday, an early close, a late opening or hours of its own to a calendar and its later versions',
  security: bearer,
  middleware: requireCaller('admin'),
  request: { params: idParam, body: body(exceptionSchema) },
  responses: { 201: json(storedSchema, 'The new version'), ...problems(400, 403, 404, 409, 415, 422) },
});

/** `POST /api/v1/market/calendars/{id}/exceptions`; one of the code's calendars becomes an override thereby. */
export const postCalendarException = endpoint(route, async (c) => {
  const exception = c.req.valid('json');
  const stored = await changeCalendar(c, c.req.valid('param').id, 'calendar.except', (known) => ({
    ...known,
    source: known.source === 'default' ? 'override' : known.source,
    exceptions: [...known.exceptions, exception],
  }));
  return c.json(stored, 201);
});
