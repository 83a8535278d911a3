import { createRoute, z } from '@hono/zod-openapi';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, body, json, problems, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { volumeText } from './account-settings.ts';
import { insertAccount, readAccount } from './account-store.ts';
import { accountSchema, presentAccount } from './present-account.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/accounts',
  tags: ['trading'],
  summary: 'Add a trading account. It is bound by its bridge’s first signed snapshot, and starts halted',
  security: bearer,
  middleware: requireCaller('trading:act'),
  request: {
    body: body(
      z.strictObject({
        name: z.string().trim().min(1).max(100),
        bridge_id: uuid,
        order_volume: volumeText.default('0.01'),
        producer_ids: z.array(uuid).max(100).default([]),
      }),
    ),
  },
  responses: { 201: json(accountSchema, 'The new account'), ...problems(400, 403, 409, 415, 422) },
});

/** `POST /api/v1/accounts` */
export const postAccount = endpoint(route, async (c) => {
  const { db, ids, clock, queue, after } = c.var.deps;
  const { caller } = c.var;
  const wanted = c.req.valid('json');
  const id = ids.next();
  const audit = auditEntry(c, caller, { action: 'account.create', subjectKind: 'account', subjectId: id });
  const producerIds = [...new Set(wanted.producer_ids)];
  const row = {
    id,
    userId: caller.userId,
    bridgeId: wanted.bridge_id,
    name: wanted.name,
    orderVolume: wanted.order_volume,
    producerIds,
  };
  const outcome = await insertAccount(db, row, clock.nowMs(), audit);
  const fault = (pointer: string, detail: string) =>
    problem('invalid-body', { errors: [{ pointer, detail }] });
  switch (outcome.kind) {
    case 'bridge':
      throw fault('/bridge_id', 'is not a live bridge of yours');
    case 'producer':
      throw fault('/producer_ids', 'names a producer whose audience you are not in');
    case 'bridge-taken':
      throw problem('conflict', { detail: 'this bridge drives another account' });
    case 'created':
  }
  after(() => queue.send([{ kind: 'reconcile', account_id: id }]));
  const account = await readAccount(db, id);
  if (account === null) throw new Error('a new account cannot be read');
  return c.json(presentAccount(account, clock.nowMs()), 201);
});
