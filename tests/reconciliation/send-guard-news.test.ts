import { describe, expect, it } from 'vitest';
import type { Deps } from '../../functions/platform/deps.ts';
import type { WorkMessage } from '../../functions/platform/work-queue.ts';
import { sendGuardNews } from '../../functions/reconciliation/send-guard-news.ts';
import { GUARD_DEFAULTS } from '../../functions/risk/guard-settings.ts';
import { BLANK_STATE, type GuardEffect, type GuardState } from '../../functions/risk/guard-state.ts';

const AT = Date.UTC(2026, 2, 2, 9);
const ACCOUNT = {
  id: '01990000-0000-7000-8000-000000000004',
  bridgeId: '01990000-0000-7000-8000-000000000003',
};
const FIGURES = {
  ...{ atMs: AT, equity: '1', balance: '1', credit: '0', nav: '1', peak: '1', drawdownBps: 0 },
};
const TRIP = {
  ...{ tripId: '01990000-0000-7000-8000-000000000001', causes: ['drawdown' as const], scope: 'all' as const },
  ...{
    hard: false,
    warnedMs: AT,
    deadlineMs: AT,
    triggeredMs: AT,
    resetsAtMs: null,
    stopped: false,
    recovered: 0,
  },
};
const TRIPPED: GuardEffect = { kind: 'tripped', trip: TRIP, again: false, shadow: false, figures: FIGURES };
const SUSPECT: GuardEffect = { kind: 'suspect', causes: ['drawdown'], shadow: false, figures: FIGURES };

type Told = { message: WorkMessage; seconds: number };
/** What is sent after a look `sinceMs` after the one before, in the order of sending. */
async function sent(
  of: {
    effects?: GuardEffect[];
    resampleMs?: number | null;
    sinceMs?: number;
    inTurn?: boolean;
    polled?: boolean;
  },
  after: Partial<GuardState> = {},
): Promise<Told[]> {
  const told: Told[] = [];
  const queue = {
    send: async (messages: readonly WorkMessage[], seconds = 0) => {
      for (const message of messages) told.push({ message, seconds });
    },
  };
  const { effects = [], resampleMs = null, sinceMs = 2_000, inTurn = false, polled = false } = of;
  const before = { settings: GUARD_DEFAULTS, state: { ...BLANK_STATE, seenMs: AT, inScope: 1 } };
  const state = { ...before.state, seenMs: AT + sinceMs, ...after };
  const verdict = { state, effects, isNews: true, resampleMs };
  const look = { account: ACCOUNT, polled, bridgeGuards: false, inTurn, atMs: AT };
  await sendGuardNews({ queue } as unknown as Deps, look, before, verdict);
  return told;
}
const LOOK = { kind: 'reconcile', account_id: ACCOUNT.id };

describe('what follows a look at an account’s guard', () => {
  it('of a closing the alert goes first, and then whoever closes', async () => {
    const told = await sent({ effects: [TRIPPED], resampleMs: 2_000 });
    expect(told.map((t) => [t.message.kind, t.seconds])).toEqual([
      ['outbox', 0],
      ['reconcile', 0],
      ['reconcile', 2],
    ]);
  });

  it('one look after another, in one line', async () => {
    expect(await sent({ resampleMs: 2_000 })).toEqual([{ message: LOOK, seconds: 2 }]);
    // The schedule’s looks begin no second line, and of two at once one goes on.
    expect(await sent({ resampleMs: 2_000, inTurn: true })).toEqual([]);
    expect(await sent({ resampleMs: 2_000, sinceMs: 300 })).toEqual([]);
    expect(await sent({ resampleMs: null })).toEqual([]);
  });

  it('the schedule’s look begins one where something was seen just now, or whoever was on the way is lost', async () => {
    expect(await sent({ resampleMs: 1_000, inTurn: true, effects: [SUSPECT] })).toEqual([
      { message: LOOK, seconds: 1 },
    ]);
    expect(await sent({ resampleMs: 10_000, inTurn: true, sinceMs: 30_000 })).toEqual([
      { message: LOOK, seconds: 10 },
    ]);
  });

  it('what has just come to stand is looked at again as soon as what the schedule knows', async () => {
    const before = { inScope: 0 };
    const queue: Told[] = [];
    const deps = {
      queue: {
        send: async ([message]: WorkMessage[], seconds = 0) =>
          void queue.push({ message: message as WorkMessage, seconds }),
      },
    } as unknown as Deps;
    const state = { ...BLANK_STATE, seenMs: AT, inScope: 1 };
    const look = { account: ACCOUNT, polled: false, bridgeGuards: false, inTurn: true, atMs: AT };
    const verdict = { state, effects: [], isNews: true, resampleMs: null };
    await sendGuardNews(deps, look, { settings: GUARD_DEFAULTS, state: { ...state, ...before } }, verdict);
    await sendGuardNews(deps, look, { settings: GUARD_DEFAULTS, state: null }, verdict);
    await sendGuardNews(deps, look, { settings: GUARD_DEFAULTS, state }, verdict);
    expect(queue).toEqual([
      { message: LOOK, seconds: 30 },
      { message: LOOK, seconds: 30 },
    ]);
  });

  it('nobody is sent to a bridge that comes by itself', async () => {
    const told = await sent({ effects: [TRIPPED], resampleMs: 2_000, polled: true });
    expect(told.map((t) => t.message.kind)).toEqual(['outbox']);
  });
});
