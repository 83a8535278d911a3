import { createRoute, z } from '@hono/zod-openapi';
import { auditEntry } from '../identity/audit-entry.ts';
import { type CallerEnv, requireCaller } from '../identity/caller.ts';
import { bearer, body, idParam, json, problems, uuid } from '../platform/contract.ts';
import { rawEndpoint } from '../platform/endpoint.ts';
import { isUuid } from '../platform/ids.ts';
import { jsonBody } from '../platform/json-body.ts';
import { problem } from '../platform/problem.ts';
import { planDealImport } from './deal-import.ts';
import { applyDealImport, type ImportAccount, readImportAccount } from './deal-import-store.ts';
import { dealPage, dealPageSchema } from './deal-page.ts';
import type { Deal } from './trade-projection.ts';

const MAX_BYTES = 4 * 1024 * 1024;
const MAX_DEPTH = 4;
/** Two that import into one account at once: each reads again what the other has stored. */
const ATTEMPTS = 5;

const importSchema = z
  .object({
    account_id: uuid,
    received: z.number().int(),
    stored: z
      .number()
      .int()
      .openapi({ description: 'those that were new; the others stand there already, word for word' }),
  })
  .openapi('DealImport');

const route = createRoute({
  method: 'post',
  path: '/api/v1/accounts/{id}/deals',
  tags: ['trading'],
  summary: 'Add deals of a history to an account of yours without a bridge: all of them or none',
  description:
    'Up to 5,000 deals and 4 MiB a call. A longer history is sent in pages, oldest first; any page may be sent again. A deal that stands with other figures is a conflict that names it.',
  security: bearer,
  request: { params: idParam, body: body(dealPageSchema) },
  responses: {
    200: json(importSchema, 'All of them are stored, and the trades are what they say'),
    ...problems(400, 403, 404, 409, 415, 422),
  },
});

type Asked = { readonly var: Readonly<CallerEnv['Variables']> };

/** `POST /api/v1/accounts/{id}/deals`: facts from a person, so only for accounts that no broker's facts are ever in. */
export const postAccountDeals = rawEndpoint(
  route,
  async (c) => {
    const asked = { var: c.var as CallerEnv['Variables'] };
    const id = c.req.param('id') ?? '';
    const given = await jsonBody(c.req.raw, { maxBytes: MAX_BYTES, maxDepth: MAX_DEPTH });
    if (!isUuid(id)) throw problem('not-found');
    const page = dealPage(given);
    if (page.kind === 'faults') throw problem('invalid-body', { errors: page.faults });
    const stored = await storePage(asked, id, page);
    return c.json({ account_id: id, received: page.deals.length, stored }, 200);
  },
  [requireCaller('trading:act')],
);

type Page = { deals: readonly Deal[]; dryRun: boolean };

/** Stores a page, or only looks what of it is new; how many of its deals are. */
async function storePage(c: Asked, id: string, { deals, dryRun }: Page): Promise<number> {
  const { db, clock } = c.var.deps;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const account = allowed(await readImportAccount(db, id, deals), c.var.caller.userId);
    const plan = planDealImport(account.facts, deals, clock.nowMs());
    if (plan.kind === 'conflict')
      throw problem('conflict', {
        detail: `deal ${plan.ticket} stands there with other figures; nothing of this page was stored`,
        ticket: plan.ticket,
      });
    const { length } = plan.newDeals;
    if (length === 0 || dryRun) return length;
    const audit = auditEntry(c, c.var.caller, {
      action: 'account.import',
      subjectKind: 'account',
      subjectId: id,
      detail: {
        deals: length,
        first: plan.newDeals[0]?.ticket ?? '',
        last: plan.newDeals.at(-1)?.ticket ?? '',
      },
    });
    if (await applyDealImport(db, account, plan, audit)) return length;
  }
  throw problem('unavailable', {
    detail: 'others import into this account at the moment; nothing was stored',
  });
}

function allowed(account: ImportAccount | null, userId: string): ImportAccount {
  if (account === null) throw problem('not-found');
  if (account.userId !== userId) throw problem('forbidden', { detail: 'the account is another user’s' });
  if (account.driven)
    throw problem('conflict', { detail: 'the account has a bridge: its history is its broker’s to tell' });
  return account;
}
