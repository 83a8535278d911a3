/**
 * Several accounts of several people, each at a scripted broker of its own, behind one `Deps`: what the tests of the schedule
 * arrange. Every call to a bridge is counted by its account.
 */
import type { Outbound, OutboundRequest } from '../../functions/platform/outbound.ts';
import { makeAccount, makeBridge, makeUser } from './organisation.ts';
import { type Answer, scriptedBridge, wireSnapshot } from './scripted-bridge.ts';
import { testClock } from './test-clock.ts';
import type { TestDatabase } from './test-database.ts';
import { type TestDeps, testDeps } from './test-deps.ts';

type Change = NonNullable<Parameters<typeof wireSnapshot>[1]>;
export type FleetAccount = {
  id: string;
  login: string;
  bridgeId: string;
  /** What its broker shows from now on. */
  shows: (change: Change) => void;
  /** What its bridge answers instead. */
  answers: (answer: () => Answer | Promise<Answer>) => void;
  calls: () => number;
};
export type Fleet = {
  deps: TestDeps;
  accounts: FleetAccount[];
  /** Another process over the same database and brokers, with a queue of its own. */
  another(): TestDeps;
  /** The time that each call was given, oldest first. */
  given: number[];
};

/** Makes `count` accounts, in the order of their ids. */
export async function makeFleet(t: TestDatabase, count: number): Promise<Fleet> {
  const given: number[] = [];
  const bridges = new Map<string, Outbound>();
  const outbound = async (request: OutboundRequest) => {
    given.push(request.timeoutMs);
    const of = bridges.get(request.headers['x-bridge-id'] ?? '');
    if (of === undefined) throw new Error('a call to a bridge of nobody');
    return of(request);
  };
  const clock = testClock();
  const deps = testDeps(t, { clock, outbound });
  const accounts: FleetAccount[] = [];
  for (let i = 0; i < count; i += 1) {
    const userId = await makeUser({ t, deps });
    const made = await makeBridge({ t, deps }, userId);
    const { id, login } = await makeAccount({ t, deps }, { userId, bridgeId: made.id, producerIds: [] });
    let answer: () => Answer | Promise<Answer> = () => snapshot({});
    const snapshot = (change: Change) =>
      wireSnapshot(clock.nowMs(), { ...change, account: { login, ...change.account } });
    const bridge = scriptedBridge(made.secret, clock, { snapshot: () => answer() });
    bridges.set(made.id, bridge.outbound);
    accounts.push({
      ...{ id, login, bridgeId: made.id, calls: () => bridge.calls('snapshot') },
      shows: (change) => {
        answer = () => snapshot(change);
      },
      answers: (how) => {
        answer = how;
      },
    });
  }
  return { deps, accounts, given, another: () => testDeps(t, { clock, outbound }) };
}
