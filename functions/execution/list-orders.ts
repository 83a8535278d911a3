import { createRoute, z } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import { isoTime } from '../platform/clock.ts';
import { bearer, json, problems, timestamp, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { pageOf, pageQuery } from '../platform/page.ts';
import { listCommands } from './command-store.ts';

const orderSchema = z
  .object({
    id: uuid,
    account_id: uuid,
    signal_id: uuid.nullable(),
    approval_id: uuid.nullable(),
    instrument: z.string(),
    state: z.enum(['created', 'sent', 'done', 'partial', 'failed', 'expired', 'unknown', 'not_executed']),
    magic: z.string(),
    order_ticket: z.string().nullable(),
    position_id: z.string().nullable(),
    retcode: z.number().int().nullable(),
    reason: z.string().nullable(),
    expires_at: timestamp,
    sent_at: timestamp.nullable(),
    created_at: timestamp,
  })
  .openapi('Order');

const route = createRoute({
  method: 'get',
  path: '/api/v1/orders',
  tags: ['trading'],
  summary: 'What we told the broker to do, and what became of it',
  security: bearer,
  middleware: requireCaller('trading:read'),
  request: { query: pageQuery.strict() },
  responses: { 200: json(pageOf(orderSchema), 'A page of orders'), ...problems(403, 422) },
});

/** `GET /api/v1/orders` */
export const listOrders = endpoint(route, async (c) => {
  const { role, userId } = c.var.caller;
  const page = await listCommands(c.var.deps.db, readsEverything(role) ? null : userId, c.req.valid('query'));
  const items = page.items.map((o) => ({
    id: o.id,
    account_id: o.accountId,
    signal_id: o.signalId,
    approval_id: o.approvalId,
    instrument: o.symbol,
    state: o.state,
    magic: o.magic,
    order_ticket: o.orderTicket,
    position_id: o.positionId,
    retcode: o.retcode,
    reason: o.reason,
    expires_at: isoTime(o.expiresMs),
    sent_at: o.sentMs === null ? null : isoTime(o.sentMs),
    created_at: isoTime(o.createdMs),
  }));
  return c.json({ ...page, items }, 200);
});
