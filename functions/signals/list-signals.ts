import { createRoute, z } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import { bearer, json, moment, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { pageOf, pageQuery } from '../platform/page.ts';
import { presentSignal, signalSchema } from './present-signal.ts';
import { SIGNAL_STATUS, statusOf } from './signal-status.ts';
import { listSignals as readSignals } from './signal-store.ts';

const status = z
  .union([z.enum(SIGNAL_STATUS), z.string().regex(/^[0-7]$/)])
  .transform((s) => (/^\d$/.test(s) ? statusOf(s) : (s as (typeof SIGNAL_STATUS)[number])));

const route = createRoute({
  method: 'get',
  path: '/api/v1/signals',
  tags: ['signals'],
  summary: 'Your signals, newest first (owner and admin: all)',
  security: bearer,
  middleware: requireCaller('signals:read'),
  request: {
    query: pageQuery
      .extend({
        status: status.optional(),
        instrument: z
          .string()
          .regex(/^[A-Z0-9_.]{2,20}$/)
          .optional(),
        from: moment.optional(),
        to: moment.optional(),
      })
      .strict(),
  },
  responses: { 200: json(pageOf(signalSchema), 'A page of signals'), ...problems(403, 422) },
});

/** `GET /api/v1/signals` */
export const listSignals = endpoint(route, async (c) => {
  const { db, clock } = c.var.deps;
  const { role, userId } = c.var.caller;
  const { status: wanted, instrument, from, to, ...query } = c.req.valid('query');
  const page = await readSignals(
    db,
    readsEverything(role) ? null : userId,
    { status: wanted, instrument, fromMs: from, toMs: to },
    clock.nowMs(),
    query,
  );
  return c.json({ ...page, items: page.items.map(presentSignal) }, 200);
});
