import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { askCandles, askExecute, askLookup, askSnapshot } from '../../functions/bridge/bridge-client.ts';
import { createCircuitBreaker } from '../../functions/platform/circuit-breaker.ts';
import { utf8 } from '../../functions/platform/encoding.ts';
import type { OutboundReply } from '../../functions/platform/outbound.ts';
import { makeBridge, makeUser } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let deps: TestDeps;
let bridgeId: string;
let bodies: string[];
let answer: OutboundReply;
beforeAll(async () => {
  t = await createTestDatabase();
});
afterAll(() => t?.drop());
beforeEach(async () => {
  bodies = [];
  answer = { kind: 'failed', effect: 'unknown', word: 'unreachable' };
  deps = testDeps(t, {
    outbound: async (request) => {
      bodies.push(request.body);
      return answer;
    },
  });
  bridgeId = (await makeBridge({ t, deps }, await makeUser({ t, deps }))).id;
});

const COMMAND = {
  cmd_id: '018f2d6e-0000-7000-8000-000000000001',
  attempt: 0,
  kind: 'open' as const,
  expires_at: '2026-03-02T10:00:30.000Z',
  pre: { login: '1', server: 's', symbol: 'EURUSD' },
  order: { symbol: 'EURUSD', type: 'buy' as const, volume: '0.1' },
  evidence: { magic: '1', comment: 'c' },
};

describe('what only reads', () => {
  it.each([
    ['snapshot', () => askSnapshot(deps, bridgeId, null)],
    ['lookup', () => askLookup(deps, bridgeId, { cmdId: COMMAND.cmd_id, magic: '1' })],
    ['candles', () => askCandles(deps, bridgeId, { symbol: 'EURUSD', timeframe: 'M1', count: 1 })],
  ])(
    '%s, is asked again where the bridge cannot be reached, each time as a new request',
    async (kind, ask) => {
      expect(await ask()).toEqual({ kind: 'no-reply', effect: 'unknown', word: 'unreachable' });
      expect(bodies.length).toBeGreaterThan(1);
      const asked = bodies.map((body) => JSON.parse(body));
      expect(new Set(asked.map((a) => a.request_id)).size).toBe(bodies.length);
      expect(asked.every((a) => a.kind === kind)).toBe(true);
    },
  );

  it('is not asked again where the answer is no better than none', async () => {
    answer = { kind: 'reply', status: 200, headers: new Headers(), body: utf8('{}') };
    expect(await askSnapshot(deps, bridgeId, null)).toMatchObject({ word: 'unsigned' });
    expect(bodies).toHaveLength(1);
  });
});

describe('execute', () => {
  it.each(['none', 'unknown'] as const)('is sent once, whatever came of it (%s)', async (effect) => {
    answer = { kind: 'failed', effect, word: 'unreachable' };
    expect(await askExecute(deps, bridgeId, COMMAND)).toEqual({
      kind: 'no-reply',
      effect,
      word: 'unreachable',
    });
    expect(bodies).toHaveLength(1);
  });

  it('is not sent at all while the bridge’s circuit is open, and then surely nothing was done', async () => {
    deps.breaker = createCircuitBreaker({ redis: null, clock: deps.clock });
    for (let i = 0; i < 5; i += 1) await askExecute(deps, bridgeId, COMMAND);
    expect(bodies).toHaveLength(5);
    const shut = { kind: 'no-reply', effect: 'none', word: 'circuit-open' };
    expect(await askExecute(deps, bridgeId, COMMAND)).toEqual(shut);
    expect(await askSnapshot(deps, bridgeId, null)).toEqual(shut);
    expect(bodies).toHaveLength(5);
    const other = (await makeBridge({ t, deps }, await makeUser({ t, deps }))).id;
    expect(await askExecute(deps, other, COMMAND), 'another bridge').toMatchObject({ word: 'unreachable' });
  });

  it('a bridge that is not there to be asked opens no circuit', async () => {
    deps.breaker = createCircuitBreaker({ redis: null, clock: deps.clock });
    for (let i = 0; i < 7; i += 1)
      expect(await askExecute(deps, deps.ids.next(), COMMAND)).toMatchObject({ word: 'unregistered' });
    answer = { kind: 'failed', effect: 'none', word: 'blocked' };
    for (let i = 0; i < 7; i += 1)
      expect(await askExecute(deps, bridgeId, COMMAND)).toMatchObject({ word: 'blocked' });
  });
});
