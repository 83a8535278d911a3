import { createRoute, z } from '@hono/zod-openapi';
import { accountFor } from '../execution/account-access.ts';
import { requireCaller } from '../identity/caller.ts';
import { isoTime } from '../platform/clock.ts';
import { bearer, decimal, idParam, json, moment, problems, timestamp, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { type Backfill, guardBackfill } from './guard-backfill.ts';
import { MOST_SAMPLES, readHistory } from './guard-history-store.ts';
import { guardSettings, guardSettingsChange } from './guard-settings.ts';
import { readGuard } from './guard-settings-store.ts';

const { floor_equity } = guardSettingsChange.shape;
const bps = z.coerce.number().int().min(1).max(9_999);
const query = z.strictObject({
  from: moment.optional(),
  to: moment.optional(),
  warn_bps: bps.optional(),
  trip_bps: bps.optional(),
  floor_equity,
});
const event = z.object({
  at: timestamp,
  kind: z.enum(['warn-level', 'warned', 'revoked', 'tripped']),
  causes: z.array(z.string()),
  equity: decimal,
  drawdown_percent: z.number(),
});
const schema = z
  .object({
    account_id: uuid,
    from: timestamp.nullable(),
    to: timestamp.nullable(),
    warn_bps: z.number().int(),
    trip_bps: z.number().int(),
    floor_equity: decimal.nullable(),
    basis: z.enum(['equity', 'balance']).openapi({
      description: '`balance`: no snapshot has shown its equity then, so nothing is known but what closed',
    }),
    samples: z.number().int(),
    deepest_percent: z.number().openapi({ description: 'the deepest that a unit stood below its peak' }),
    deepest_at: timestamp.nullable(),
    events: z.array(event),
  })
  .openapi('GuardBackfill');
const route = createRoute({
  method: 'get',
  path: '/api/v1/accounts/{id}/guard/backfill',
  tags: ['trading'],
  summary:
    'What the guard would have done in an account’s own past, by its settings or by those that are asked for',
  description:
    'Falls from the peak and the floor; daily rules and guards of the market are not judged. Nothing was closed then: after a ' +
    'trip the account is taken to be flat and armed anew.',
  security: bearer,
  middleware: requireCaller('trading:read'),
  request: { params: idParam, query },
  responses: { 200: json(schema, 'What it would have done, oldest first'), ...problems(403, 404, 422) },
});

/** `GET /api/v1/accounts/{id}/guard/backfill` */
export const getGuardBackfill = endpoint(route, async (c) => {
  const { db } = c.var.deps;
  const { id } = await accountFor(db, c.req.valid('param').id, c.var.caller);
  const { from = null, to = null, ...asked } = c.req.valid('query');
  if (from !== null && to !== null && from >= to) throw refused('to', 'must be after from');
  const guard = await readGuard(db, id);
  if (guard === null) throw problem('not-found');
  const stated = guardSettings.safeParse({ ...guard.stated, ...said(asked) });
  if (!stated.success) throw refused('warn_bps', 'must be below trip_bps');
  const history = await readHistory(db, id, { fromMs: from, toMs: to });
  if (history === null)
    throw refused('from', `that is more than ${MOST_SAMPLES} samples: ask for less at once with from and to`);
  const { warn_bps, trip_bps, floor_equity } = stated.data;
  const settings = { ...guard.settings, warnBps: warn_bps, tripBps: trip_bps, floorEquity: floor_equity };
  const found = guardBackfill(settings, history.samples);
  const time = (ms: number | null) => (ms === null ? null : isoTime(ms));
  return c.json(
    {
      ...{ account_id: id, from: time(from), to: time(to), warn_bps, trip_bps, floor_equity },
      ...{ basis: history.basis, ...presentFound(found) },
    },
    200,
  );
});

const said = (asked: object) =>
  Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
const refused = (pointer: string, detail: string) =>
  problem('invalid-query', { errors: [{ pointer: `/${pointer}`, detail }] });

const presentFound = ({ deepestBps, deepestMs, events, samples }: Backfill) => ({
  samples,
  deepest_percent: deepestBps / 100,
  deepest_at: deepestMs === null ? null : isoTime(deepestMs),
  events: events.map(({ atMs, drawdownBps, kind, causes, equity }) => ({
    ...{ at: isoTime(atMs), kind, causes, equity, drawdown_percent: drawdownBps / 100 },
  })),
});
