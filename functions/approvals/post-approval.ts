import { createRoute, z } from '@hono/zod-openapi';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller, requireScope } from '../identity/caller.ts';
import { need } from '../platform/config.ts';
import { bearer, body, json, problems, uuid } from '../platform/contract.ts';
import type { Deps } from '../platform/deps.ts';
import { hmacKey, keyedHash, sha256Hex } from '../platform/digest.ts';
import { endpoint } from '../platform/endpoint.ts';
import { type ProblemError, problem } from '../platform/problem.ts';
import {
  type Approval,
  type DecisionContext,
  insertApproval,
  readDecisionContext,
} from './approval-store.ts';
import { termsDigest } from './approval-terms.ts';
import { type DecisionVerdict, judgeDecision } from './decision.ts';
import { approvalSchema, presentApproval } from './present-approval.ts';
import { signalTerms } from './signal-terms.ts';

const bodySchema = z
  .strictObject({
    signal_id: uuid,
    decision: z.enum(['approved', 'rejected']),
    consent_version: z.number().int().min(1).max(1_000_000),
    account_id: uuid.optional(),
    terms_sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
    reason: z.string().max(500).optional(),
  })
  .openapi('NewApproval');

const route = createRoute({
  method: 'post',
  path: '/api/v1/approvals',
  tags: ['approvals'],
  summary: 'Countersign a signal, or reject it',
  security: bearer,
  // The scope is judged below: the contract puts it behind the body and the signal.
  middleware: requireCaller(null),
  request: { body: body(bodySchema) },
  responses: { 201: json(approvalSchema, 'The decision'), ...problems(400, 403, 404, 409, 415, 422) },
});

/** `POST /api/v1/approvals`: one decision per signal and user, for ever. */
export const postApproval = endpoint(route, async (c) => {
  const { db, ids, clock, queue, after } = c.var.deps;
  const { caller } = c.var;
  const wanted = c.req.valid('json');
  const eventId = ids.next();
  const addressHmac = await hashedAddress(c.var.deps, c.var.address);
  // A second look follows a failed guard: it then names what the first one could not see.
  for (let look = 1; look <= 2; look += 1) {
    const context = await readDecisionContext(db, wanted.signal_id, caller.userId);
    if (context === null) throw problem('not-found', { detail: 'no such signal' });
    requireScope(caller, 'approvals:write');
    const nowMs = clock.nowMs();
    const approval = await decide(context, wanted, caller.userId, { id: ids.next(), nowMs });
    const audit = auditEntry(c, caller, {
      action: `signal.${approval.decision}`,
      subjectKind: 'signal',
      subjectId: approval.signalId,
      detail: { approval_id: approval.id, terms_sha256: approval.termsSha256, address_hmac: addressHmac },
    });
    const client = { address: c.var.address, userAgent: c.req.header('user-agent')?.slice(0, 300) ?? null };
    if (!(await insertApproval(db, approval, client, eventId, audit))) continue;
    after(() => queue.send([{ kind: 'outbox', id: eventId }]));
    return c.json(presentApproval(approval), 201);
  }
  throw problem('signal-not-open', { detail: 'the signal changed while it was being decided' });
});

/** The audit is kept for ever, so it holds the caller's address only as a keyed hash. */
async function hashedAddress({ config }: Deps, address: string): Promise<string> {
  const key = need(config, 'AUDIT_KEY')[0];
  if (key === undefined) throw new Error('the audit key ring is empty');
  return keyedHash(await hmacKey(key.bytes), address);
}

async function decide(
  context: DecisionContext,
  wanted: z.output<typeof bodySchema>,
  userId: string,
  made: { id: string; nowMs: number },
): Promise<Approval> {
  const request = {
    decision: wanted.decision,
    consentVersion: wanted.consent_version,
    accountId: wanted.account_id ?? null,
  };
  const verdict = judgeDecision(context, request, made.nowMs);
  if (verdict.kind !== 'open') throw refusal(verdict);
  const { account } = verdict;
  const agreed = account === null ? null : signalTerms(context, account, request.consentVersion);
  const terms = agreed ?? {};
  const termsSha256 = agreed === null ? await sha256Hex('{}') : await termsDigest(agreed);
  if (agreed !== null && wanted.terms_sha256 !== undefined && wanted.terms_sha256 !== termsSha256)
    throw problem('terms-changed', { terms, terms_sha256: termsSha256 });
  return {
    id: made.id,
    signalId: context.signal.id,
    userId,
    decision: wanted.decision,
    accountId: account?.id ?? null,
    channel: 'token',
    consentVersion: request.consentVersion,
    consentSha256: verdict.consentSha256,
    terms,
    termsSha256,
    termsShown: wanted.terms_sha256 !== undefined,
    reason: wanted.reason ?? null,
    createdMs: made.nowMs,
  };
}

function refusal(verdict: Exclude<DecisionVerdict, { kind: 'open' }>): ProblemError {
  switch (verdict.kind) {
    case 'forbidden':
      return problem('forbidden', { detail: 'you are not in this signal’s audience' });
    case 'already-decided':
      return problem('already-decided', { existing_id: verdict.existingId });
    case 'signal-not-open':
      return problem('signal-not-open', { detail: `the signal is ${verdict.status}` });
    case 'consent-outdated':
      return problem('consent-outdated', { current_version: verdict.current });
    case 'consent-unknown':
      return problem('invalid-body', {
        errors: [{ pointer: '/consent_version', detail: 'was never published' }],
      });
    case 'account-required':
      return problem('account-required', { detail: verdict.detail });
  }
}
