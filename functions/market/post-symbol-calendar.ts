import { createRoute, z } from '@hono/zod-openapi';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, body, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { putSymbolCalendar } from './calendar-store.ts';

const symbolCalendarSchema = z
  .strictObject({
    broker_server: z
      .string()
      .regex(/^[ -~]{1,64}$/, 'must be 1 to 64 printable characters')
      .openapi({ description: 'as the terminal names it; `*` is every server' }),
    symbol: z.string().regex(/^[A-Z0-9_.]{2,20}$/, 'must be 2 to 20 of A-Z, 0-9, _ and .'),
    source: z.enum(['broker', 'override']).default('override'),
    calendar_id: z.string().max(40).nullable().openapi({ description: 'null: that of its class again' }),
  })
  .refine((s) => s.source === 'override' || s.broker_server !== '*', {
    path: ['broker_server'],
    error: 'what a broker states is of one server',
  })
  .openapi('SymbolCalendar');

const route = createRoute({
  method: 'post',
  path: '/api/v1/market/symbol-calendars',
  tags: ['market'],
  summary: 'Name the calendar that an instrument has at a broker’s server',
  security: bearer,
  middleware: requireCaller('admin'),
  request: { body: body(symbolCalendarSchema) },
  responses: { 201: json(symbolCalendarSchema, 'What holds now'), ...problems(400, 403, 415, 422) },
});

/** `POST /api/v1/market/symbol-calendars`: what the broker states goes before an override, one server before all. */
export const postSymbolCalendar = endpoint(route, async (c) => {
  const { db, clock } = c.var.deps;
  const posted = c.req.valid('json');
  const { broker_server: brokerServer, symbol, source, calendar_id: calendarId } = posted;
  const audit = auditEntry(c, c.var.caller, {
    action: 'symbol-calendar.put',
    subjectKind: 'instrument',
    subjectId: symbol,
    detail: { broker_server: brokerServer, source, calendar_id: calendarId },
  });
  const outcome = await putSymbolCalendar(
    db,
    { brokerServer, symbol, source, calendarId },
    clock.nowMs(),
    audit,
  );
  if (outcome === 'stored') return c.json(posted, 201);
  const pointer = outcome === 'instrument' ? '/symbol' : '/calendar_id';
  throw problem('invalid-body', { errors: [{ pointer, detail: 'is not known' }] });
});
