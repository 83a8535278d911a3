import { createRoute, z } from '@hono/zod-openapi';
import { accountFor } from '../execution/account-access.ts';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller } from '../identity/caller.ts';
import { rebuildTrades } from '../ledger/rebuild-trades.ts';
import { bearer, idParam, json, problems, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';

const count = z.number().int();
const rebuilt = z
  .object({ account_id: uuid, positions: count, deals: count, trades: count })
  .openapi('LedgerRebuilt');

const route = createRoute({
  method: 'post',
  path: '/api/v1/accounts/{id}/rebuild',
  tags: ['trading'],
  summary: 'Project an account’s trades again from its stored deals (owner and admin)',
  description:
    'Gives the very rows that stand there where nothing had gone wrong, and leaves those alone. It may be asked for again at any time.',
  security: bearer,
  middleware: requireCaller('admin'),
  request: { params: idParam },
  responses: { 200: json(rebuilt, 'What was gone through'), ...problems(403, 404, 409) },
});

/** `POST /api/v1/accounts/{id}/rebuild` */
export const postAccountRebuild = endpoint(route, async (c) => {
  const { db, clock } = c.var.deps;
  const account = await accountFor(db, c.req.valid('param').id, c.var.caller);
  const audit = auditEntry(c, c.var.caller, {
    action: 'account.rebuild',
    subjectKind: 'account',
    subjectId: account.id,
  });
  const done = await rebuildTrades(db, { accountId: account.id }, clock.nowMs(), audit);
  switch (done.kind) {
    case 'unknown-account':
      throw problem('not-found');
    case 'raced':
      throw problem('conflict', { detail: 'the account kept changing meanwhile: ask again' });
    case 'rebuilt': {
      const { positions, deals, trades } = done;
      return c.json({ account_id: account.id, positions, deals, trades }, 200);
    }
  }
});
