import { createRoute, z } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { bearer, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { isUuid } from '../platform/ids.ts';
import { problem } from '../platform/problem.ts';
import { readDestination } from './delivery-store.ts';
import { sendTo } from './send-alert.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/alerts/destinations/{id}/test',
  tags: ['alerts'],
  summary: 'Send a test message now (owner and admin)',
  security: bearer,
  middleware: requireCaller('admin'),
  request: { params: idParam },
  responses: {
    200: json(
      z.object({ outcome: z.enum(['sent', 'blocked', 'unreachable', 'timeout', 'too-large', 'refused']) }),
      'What came of it',
    ),
    ...problems(403, 404),
  },
});

/** `POST /api/v1/alerts/destinations/{id}/test` */
export const postAlertTest = endpoint(route, async (c) => {
  const { deps } = c.var;
  const { id } = c.req.valid('param');
  const nowMs = deps.clock.nowMs();
  const destination = isUuid(id) ? await readDestination(deps.db, id, nowMs) : null;
  if (destination === null) throw problem('not-found');
  const alert = {
    ...{ id: deps.ids.next(), kind: 'test', createdMs: nowMs, detail: {} },
    ...{ subjectKind: 'alert-destination', subjectId: id },
  };
  const outcome = await sendTo(deps, destination, alert, { repeat: false, once: false });
  return c.json({ outcome: outcome.kind === 'sent' ? ('sent' as const) : outcome.word }, 200);
});
