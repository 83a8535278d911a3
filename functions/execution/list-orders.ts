import { createRoute, z } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import { isoTime } from '../platform/clock.ts';
import { bearer, decimal, json, problems, timestamp, uuid } from '../platform/contract.ts';
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
    kind: z.enum(['open', 'place', 'close', 'cancel', 'modify_sltp']),
    state: z.enum([
      ...(['created', 'sent', 'placed', 'done', 'partial'] as const),
      ...(['failed', 'expired', 'unknown', 'not_executed', 'ended'] as const),
    ]),
    /** Of the last attempt; each has a magic of its own. */
    attempt: z.number().int(),
    magic: z.string(),
    order_ticket: z.string().nullable(),
    position_id: z.string().nullable(),
    /** In lots, as the broker said it; null where it said nothing. */
    volume_filled: decimal.nullable(),
    /** Of a cancellation: the order that it takes back. */
    cancels: uuid.nullable(),
    retcode: z.number().int().nullable(),
    broker_comment: z.string().nullable(),
    reason: z.string().nullable(),
    /** The order that must be settled before this one is sent; it waits no longer than until `expires_at`. */
    waits_for: uuid.nullable(),
    not_before: timestamp.nullable(),
    expires_at: timestamp,
    sent_at: timestamp.nullable(),
    resolved_at: timestamp.nullable(),
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

const timeOf = (ms: number | null): string | null => (ms === null ? null : isoTime(ms));

/** `GET /api/v1/orders` */
export const listOrders = endpoint(route, async (c) => {
  const { role, userId } = c.var.caller;
  const { db, clock } = c.var.deps;
  const of = readsEverything(role) ? null : userId;
  const page = await listCommands(db, of, c.req.valid('query'), clock.nowMs());
  const items = page.items.map((o) => ({
    id: o.id,
    account_id: o.accountId,
    signal_id: o.signalId,
    approval_id: o.approvalId,
    instrument: o.instrument,
    kind: o.instruction.kind,
    state: o.state,
    attempt: o.attempt,
    magic: o.magic,
    order_ticket: o.orderTicket,
    position_id: o.positionId,
    volume_filled: o.volumeFilled,
    cancels: o.targetId,
    retcode: o.retcode,
    broker_comment: o.brokerComment,
    reason: o.reason,
    waits_for: o.waitsFor,
    not_before: timeOf(o.notBeforeMs),
    expires_at: isoTime(o.expiresMs),
    sent_at: timeOf(o.sentMs),
    resolved_at: timeOf(o.resolvedMs),
    created_at: isoTime(o.createdMs),
  }));
  return c.json({ ...page, items }, 200);
});
