import { createRoute, z } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { isoTime } from '../platform/clock.ts';
import { bearer, body, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { changeCalendar } from './calendar-change.ts';
import { definitionSchema } from './calendar-definition.ts';

const postedSchema = definitionSchema
  .extend({
    source: z.enum(['broker', 'override']).default('override'),
    valid_from: definitionSchema.shape.valid_from.optional(),
  })
  .openapi('TradingCalendarToPost');
export const storedSchema = definitionSchema
  .extend({ version: z.number().int() })
  .openapi('TradingCalendarVersion');

const route = createRoute({
  method: 'post',
  path: '/api/v1/market/calendars',
  tags: ['market'],
  summary: 'Store a trading calendar, or a new version of a known one',
  security: bearer,
  middleware: requireCaller('admin'),
  request: { body: body(postedSchema) },
  responses: { 201: json(storedSchema, 'The version'), ...problems(400, 403, 415, 422) },
});

/** `POST /api/v1/market/calendars`; `valid_from` is now by default. One of the code's ids takes that one's place. */
export const postCalendar = endpoint(route, async (c) => {
  const posted = c.req.valid('json');
  const definition = { valid_from: isoTime(c.var.deps.clock.nowMs()), ...posted };
  return c.json(await changeCalendar(c, definition.id, 'calendar.put', definition), 201);
});
