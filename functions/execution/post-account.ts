import { createRoute, z } from '@hono/zod-openapi';
import { auditEntry } from '../identity/audit-entry.ts';
import { type CallerEnv, requireCaller } from '../identity/caller.ts';
import { bearer, body, json, problems, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { volumeText } from './account-settings.ts';
import { insertAccount, readAccount } from './account-store.ts';
import { insertImportedAccount } from './imported-account-store.ts';
import { accountSchema, presentAccount } from './present-account.ts';

const wanted = z.strictObject({
  name: z.string().trim().min(1).max(100),
  bridge_id: uuid.optional().openapi({
    description:
      'left out: the account holds an imported history alone. It is halted for ever, and only there are `currency` and `margin_mode` given, which a broker states otherwise',
  }),
  currency: z
    .string()
    .regex(/^[A-Z]{3,12}$/)
    .optional(),
  margin_mode: z.enum(['hedging', 'netting', 'exchange']).optional(),
  order_volume: volumeText.default('0.01'),
  producer_ids: z.array(uuid).max(100).default([]),
});
type Wanted = z.output<typeof wanted>;

const route = createRoute({
  method: 'post',
  path: '/api/v1/accounts',
  tags: ['trading'],
  summary:
    'Add a trading account. It is bound by its bridge’s first signed snapshot, and starts halted; without a bridge it holds an imported history alone',
  security: bearer,
  middleware: requireCaller('trading:act'),
  request: { body: body(wanted) },
  responses: { 201: json(accountSchema, 'The new account'), ...problems(400, 403, 409, 415, 422) },
});

/** `POST /api/v1/accounts` */
export const postAccount = endpoint(route, async (c) => {
  const { db, clock } = c.var.deps;
  const asked = c.req.valid('json');
  const { bridge_id } = asked;
  const id =
    bridge_id === undefined ? await addImported(c, asked) : await addDriven(c, { ...asked, bridge_id });
  const account = await readAccount(db, id);
  if (account === null) throw new Error('a new account cannot be read');
  return c.json(presentAccount(account, clock.nowMs()), 201);
});

type Asked = { readonly var: Readonly<CallerEnv['Variables']> };

const faults = (errors: readonly { pointer: string; detail: string }[]) =>
  problem('invalid-body', { errors });

const auditOf = (c: Asked, id: string) =>
  auditEntry(c, c.var.caller, { action: 'account.create', subjectKind: 'account', subjectId: id });

/** One that a bridge drives; its id. */
async function addDriven(c: Asked, asked: Wanted & { bridge_id: string }): Promise<string> {
  const { db, ids, clock, queue, after } = c.var.deps;
  const given = (['currency', 'margin_mode'] as const).filter((name) => asked[name] !== undefined);
  if (given.length > 0)
    throw faults(given.map((name) => ({ pointer: `/${name}`, detail: 'is what the broker states' })));
  const id = ids.next();
  const row = {
    id,
    userId: c.var.caller.userId,
    bridgeId: asked.bridge_id,
    name: asked.name,
    orderVolume: asked.order_volume,
    producerIds: [...new Set(asked.producer_ids)],
  };
  const outcome = await insertAccount(db, row, clock.nowMs(), auditOf(c, id));
  switch (outcome.kind) {
    case 'bridge':
      throw faults([{ pointer: '/bridge_id', detail: 'is not a live bridge of yours' }]);
    case 'producer':
      throw faults([{ pointer: '/producer_ids', detail: 'names a producer whose audience you are not in' }]);
    case 'bridge-taken':
      throw problem('conflict', { detail: 'this bridge drives another account' });
    case 'created':
  }
  after(() => queue.send([{ kind: 'reconcile', account_id: id }]));
  return id;
}

/** One for an imported history; its id. Nothing of it ever trades, so it follows nobody. */
async function addImported(c: Asked, asked: Wanted): Promise<string> {
  const { db, ids, clock } = c.var.deps;
  const { currency, margin_mode: marginMode } = asked;
  const missing = (['currency', 'margin_mode'] as const)
    .filter((name) => asked[name] === undefined)
    .map((name) => ({ pointer: `/${name}`, detail: 'must be given for an account without a bridge' }));
  const follows =
    asked.producer_ids.length === 0
      ? []
      : [{ pointer: '/producer_ids', detail: 'an account without a bridge follows no producer' }];
  if (currency === undefined || marginMode === undefined || follows.length > 0)
    throw faults([...missing, ...follows]);
  const id = ids.next();
  const row = { id, userId: c.var.caller.userId, name: asked.name, currency, marginMode };
  const added = await insertImportedAccount(
    db,
    { ...row, orderVolume: asked.order_volume },
    clock.nowMs(),
    auditOf(c, id),
  );
  if (!added)
    throw problem('conflict', { detail: 'you have an account without a bridge of this name already' });
  return id;
}
