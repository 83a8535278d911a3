import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecisionContext } from '../../functions/approvals/approval-store.ts';
import { chooseAccount, type DecisionRequest, judgeDecision } from '../../functions/approvals/decision.ts';
import type { Signal } from '../../functions/signals/signal-store.ts';
import { caseCensus, runs } from '../support/property.ts';
import { ACCOUNT, NOW, OTHER_ACCOUNT, openContext } from './decision-context.ts';

const approve = (changes: Partial<DecisionRequest> = {}): DecisionRequest => ({
  decision: 'approved',
  consentVersion: 3,
  accountId: null,
  ...changes,
});

describe('a decision', () => {
  it('that nothing stands against is open, for the one account that follows', () => {
    expect(judgeDecision(openContext(), approve(), NOW)).toEqual({
      kind: 'open',
      account: ACCOUNT,
      consentSha256: 'c'.repeat(64),
    });
  });

  it('to reject needs no account', () => {
    const context = openContext({ accounts: [] });
    expect(judgeDecision(context, approve({ decision: 'rejected' }), NOW)).toMatchObject({
      kind: 'open',
      account: null,
    });
  });

  it('is open until the deadline and not at it: one moment late is late', () => {
    const context = openContext({}, { expiresMs: NOW });
    expect(judgeDecision(context, approve(), NOW - 1).kind).toBe('open');
    expect(judgeDecision(context, approve(), NOW)).toEqual({ kind: 'signal-not-open', status: 'expired' });
    expect(judgeDecision(context, approve({ decision: 'rejected' }), NOW).kind).toBe('signal-not-open');
  });

  it.each(['approved', 'rejected', 'executed', 'closed', 'cancelled', 'expired', 'failed'] as const)(
    'on a signal that is %s is not open, whatever its deadline',
    (status) => {
      expect(judgeDecision(openContext({}, { status }), approve(), NOW)).toEqual({
        kind: 'signal-not-open',
        status,
      });
    },
  );

  it('is under the newest consent alone', () => {
    const verdict = (consentVersion: number) =>
      judgeDecision(openContext(), approve({ consentVersion }), NOW);
    expect(verdict(2)).toEqual({ kind: 'consent-outdated', current: 3 });
    expect(verdict(4)).toEqual({ kind: 'consent-unknown' });
    expect(judgeDecision(openContext({ consent: null }), approve({ consentVersion: 1 }), NOW)).toEqual({
      kind: 'consent-unknown',
    });
  });

  it('judges in the order of the contract, whatever else is wrong', () => {
    type Wrong = {
      context?: Partial<DecisionContext>;
      signal?: Partial<Signal>;
      request?: Partial<DecisionRequest>;
    };
    const order: [string, Wrong][] = [
      ['forbidden', { context: { mine: false } }],
      ['already-decided', { context: { existingId: 'before' } }],
      ['signal-not-open', { context: { signalCancelled: true } }],
      ['signal-not-open', { signal: { status: 'failed' } }],
      ['signal-not-open', { signal: { expiresMs: NOW } }],
      ['consent-outdated', { request: { consentVersion: 2 } }],
      ['account-required', { context: { accounts: [] } }],
    ];
    const census = caseCensus(...new Set(order.map(([kind]) => kind)), 'open');
    fc.assert(
      fc.property(fc.subarray(order.map((_, i) => i)), (chosen) => {
        const wrong = chosen.map((i) => order[i]?.[1] ?? {});
        const verdict = judgeDecision(
          openContext(
            Object.assign({}, ...wrong.map((w) => w.context)),
            Object.assign({}, ...wrong.map((w) => w.signal)),
          ),
          approve(Object.assign({}, ...wrong.map((w) => w.request))),
          NOW,
        );
        const expected = order[chosen[0] ?? -1]?.[0] ?? 'open';
        census.note(expected, true);
        expect(verdict.kind).toBe(expected);
      }),
      runs(500),
    );
    census.expectAllMet();
  });
});

describe('the account of a decision', () => {
  const several = openContext({ accounts: [ACCOUNT, OTHER_ACCOUNT] });

  it('may be left out only while exactly one follows', () => {
    expect(chooseAccount(openContext(), null)).toEqual(ACCOUNT);
    expect(chooseAccount(several, null)).toMatch(/several/);
    expect(chooseAccount(openContext({ accounts: [] }), null)).toMatch(/none/);
  });

  it('is the one that is named, and none that does not follow', () => {
    expect(chooseAccount(several, OTHER_ACCOUNT.id)).toEqual(OTHER_ACCOUNT);
    expect(chooseAccount(openContext(), OTHER_ACCOUNT.id)).toMatch(/no account of yours/);
    expect(judgeDecision(openContext(), approve({ accountId: OTHER_ACCOUNT.id }), NOW).kind).toBe(
      'account-required',
    );
  });
});
