import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bridgeClient } from '../../functions/bridge/bridge-client.ts';
import { takeCandleWishes } from '../../functions/bridge/candle-wish-store.ts';
import { createCircuitBreaker } from '../../functions/platform/circuit-breaker.ts';
import { utf8 } from '../../functions/platform/encoding.ts';
import type { OutboundReply } from '../../functions/platform/outbound.ts';
import { makeBridge, makeUser } from '../support/organisation.ts';
import { scriptedBridge } from '../support/scripted-bridge.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';
import { guardOrder, wireGuard, wireSnapshot } from './bridge-reply.ts';

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

const client = (id = bridgeId) => bridgeClient(deps, id);

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
    ['snapshot', () => client().snapshot(null)],
    ['lookup', () => client().lookup({ cmdId: COMMAND.cmd_id, attempt: 0, magic: '1' })],
    ['candles', () => client().candles({ symbol: 'EURUSD', timeframe: 'M1', count: 1 })],
    ['guard', () => client().guard(guardOrder)],
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
    expect(await client().snapshot(null)).toMatchObject({ word: 'unsigned' });
    expect(bodies).toHaveLength(1);
  });
});

describe('a bridge that polls', () => {
  it('is not called, and what opens circuits says nothing of it; bars are left for it to fetch', async () => {
    deps.breaker = createCircuitBreaker({ redis: null, clock: deps.clock });
    await t.sql('UPDATE bridges SET url = NULL WHERE id = $1', [bridgeId]);
    const polled = { kind: 'no-reply', effect: 'none', word: 'polled' };
    for (let i = 0; i < 7; i += 1) expect(await client().snapshot(null)).toEqual(polled);
    expect(await client().lookup({ cmdId: COMMAND.cmd_id, attempt: 0, magic: '1' })).toEqual(polled);
    expect(await client().execute(COMMAND)).toEqual(polled);
    expect(await client().guard(guardOrder)).toEqual(polled);
    const wanted = { symbol: 'EURUSD', timeframe: 'M1', count: 1 };
    for (let i = 0; i < 2; i += 1)
      expect(await client().candles(wanted)).toEqual({ ...polled, word: 'deferred' });
    expect(bodies).toEqual([]);
    expect(await takeCandleWishes(t.db, bridgeId, 5)).toEqual([wanted]);
    expect(await takeCandleWishes(t.db, bridgeId, 5)).toEqual([]);
  });
});

describe('execute', () => {
  it.each(['none', 'unknown'] as const)('is sent once, whatever came of it (%s)', async (effect) => {
    answer = { kind: 'failed', effect, word: 'unreachable' };
    expect(await client().execute(COMMAND)).toEqual({
      kind: 'no-reply',
      effect,
      word: 'unreachable',
    });
    expect(bodies).toHaveLength(1);
  });

  it('is not sent at all while the bridge’s circuit is open, and then surely nothing was done', async () => {
    deps.breaker = createCircuitBreaker({ redis: null, clock: deps.clock });
    for (let i = 0; i < 5; i += 1) await client().execute(COMMAND);
    expect(bodies).toHaveLength(5);
    const shut = { kind: 'no-reply', effect: 'none', word: 'circuit-open' };
    expect(await client().execute(COMMAND)).toEqual(shut);
    expect(await client().snapshot(null)).toEqual(shut);
    expect(bodies).toHaveLength(5);
    const other = (await makeBridge({ t, deps }, await makeUser({ t, deps }))).id;
    expect(await client(other).execute(COMMAND), 'another bridge').toMatchObject({ word: 'unreachable' });
  });

  it('is sent though nobody has had an answer about bars, and these are asked for though orders have none', async () => {
    const bars = () => client().candles({ symbol: 'EURUSD', timeframe: 'M1', count: 1 });
    const shut = { kind: 'no-reply', effect: 'none', word: 'circuit-open' };
    deps.breaker = createCircuitBreaker({ redis: null, clock: deps.clock });
    for (let i = 0; i < 5; i += 1) await bars();
    expect(await bars()).toEqual(shut);
    expect(await client().execute(COMMAND)).toMatchObject({ word: 'unreachable' });
    expect(await client().snapshot(null)).toMatchObject({ word: 'unreachable' });
    deps.breaker = createCircuitBreaker({ redis: null, clock: deps.clock });
    for (let i = 0; i < 5; i += 1) await client().execute(COMMAND);
    expect(await client().execute(COMMAND)).toEqual(shut);
    expect(await bars()).toMatchObject({ word: 'unreachable' });
  });

  describe('of a close', () => {
    const close = { ...COMMAND, kind: 'close' as const };
    /** Five calls fail, and the circuit opens. */
    const opened = async () => {
      deps.breaker = createCircuitBreaker({ redis: null, clock: deps.clock });
      for (let i = 0; i < 5; i += 1) await client().execute(COMMAND);
      expect(await client().execute(COMMAND)).toMatchObject({ word: 'circuit-open' });
      bodies.splice(0);
    };

    it('goes through an open circuit, once, while nothing else does', async () => {
      await opened();
      expect(await client().execute(close)).toEqual({
        ...{ kind: 'no-reply', effect: 'unknown', word: 'unreachable' },
      });
      expect(bodies.map((body) => JSON.parse(body).command.kind)).toEqual(['close']);
      expect(await client().execute(COMMAND)).toMatchObject({ word: 'circuit-open' });
      expect(await client().snapshot(null)).toMatchObject({ word: 'circuit-open' });
      expect(bodies).toHaveLength(1);
    });

    it('that is answered for certain closes the circuit for the others', async () => {
      const own = await makeBridge({ t, deps }, await makeUser({ t, deps }));
      const { outbound } = scriptedBridge(own.secret, deps.clock, { execute: () => ({ result: 'none' }) });
      deps.breaker = createCircuitBreaker({ redis: null, clock: deps.clock });
      for (let i = 0; i < 5; i += 1) await client(own.id).execute(COMMAND);
      expect(await client(own.id).execute(COMMAND)).toMatchObject({ word: 'circuit-open' });
      deps.outbound = outbound;
      expect(await client(own.id).execute(close)).toMatchObject({ word: 'malformed' });
      expect(await client(own.id).execute(COMMAND)).toMatchObject({ word: 'malformed' });
    });

    it('whose answer was too long to be believed closes nothing: whoever gave it, it proves no bridge', async () => {
      await opened();
      answer = { kind: 'failed', effect: 'unknown', word: 'too-large' };
      expect(await client().execute(close)).toMatchObject({ word: 'too-large' });
      expect(await client().execute(COMMAND)).toMatchObject({ word: 'circuit-open' });
      expect(bodies).toHaveLength(1);
    });
  });

  it('that a bridge answers badly but for certain opens no circuit, however often', async () => {
    deps.breaker = createCircuitBreaker({ redis: null, clock: deps.clock });
    const own = await makeBridge({ t, deps }, await makeUser({ t, deps }));
    const garbled = scriptedBridge(own.secret, deps.clock, { execute: () => ({ result: 'none' }) });
    deps.outbound = garbled.outbound;
    for (let i = 0; i < 7; i += 1)
      expect(await client(own.id).execute(COMMAND)).toMatchObject({ word: 'malformed' });
    expect(garbled.calls('execute')).toBe(7);
  });

  it('whose answers are too long to be read to their signature neither opens a circuit nor forgets its failures', async () => {
    deps.breaker = createCircuitBreaker({ redis: null, clock: deps.clock });
    const tooLarge = { kind: 'failed', effect: 'unknown', word: 'too-large' } as const;
    const unreachable = answer;
    answer = tooLarge;
    for (let i = 0; i < 7; i += 1)
      expect(await client().execute(COMMAND)).toMatchObject({ word: 'too-large' });
    answer = unreachable;
    for (let i = 0; i < 4; i += 1)
      expect(await client().execute(COMMAND)).toMatchObject({ word: 'unreachable' });
    answer = tooLarge;
    expect(await client().execute(COMMAND)).toMatchObject({ word: 'too-large' });
    answer = unreachable;
    expect(await client().execute(COMMAND)).toMatchObject({ word: 'unreachable' });
    expect(await client().execute(COMMAND), 'five in a row').toMatchObject({ word: 'circuit-open' });
  });

  it('and after a rest of its circuit a history that is too much for one answer is asked for until a page comes', async () => {
    const own = await makeBridge({ t, deps }, await makeUser({ t, deps }));
    const none = () => ({ result: 'none' });
    const { outbound } = scriptedBridge(own.secret, deps.clock, { snapshot: none, execute: none });
    deps.breaker = createCircuitBreaker({ redis: null, clock: deps.clock });
    for (let i = 0; i < 5; i += 1) await client(own.id).execute(COMMAND);
    expect(await client(own.id).execute(COMMAND)).toMatchObject({ word: 'circuit-open' });
    deps.clock.advance(60_000);
    answer = { kind: 'failed', effect: 'unknown', word: 'too-large' };
    for (let halved = 0; halved < 3; halved += 1)
      expect(await client(own.id).snapshot(null)).toMatchObject({ word: 'too-large' });
    deps.outbound = outbound;
    expect(await client(own.id).snapshot(null)).toMatchObject({ word: 'malformed' });
    expect(await client(own.id).execute(COMMAND), 'closed').toMatchObject({ word: 'malformed' });
  });

  it('that cannot be believed does open it: whoever answers so is not the bridge', async () => {
    deps.breaker = createCircuitBreaker({ redis: null, clock: deps.clock });
    answer = { kind: 'reply', status: 200, headers: new Headers(), body: utf8('{}') };
    for (let i = 0; i < 5; i += 1)
      expect(await client().execute(COMMAND)).toMatchObject({ word: 'unsigned' });
    expect(await client().execute(COMMAND)).toMatchObject({ word: 'circuit-open' });
  });

  it('a bridge that is not there to be asked opens no circuit', async () => {
    deps.breaker = createCircuitBreaker({ redis: null, clock: deps.clock });
    for (let i = 0; i < 7; i += 1)
      expect(await client(deps.ids.next()).execute(COMMAND)).toMatchObject({ word: 'unregistered' });
    answer = { kind: 'failed', effect: 'none', word: 'blocked' };
    for (let i = 0; i < 7; i += 1) expect(await client().execute(COMMAND)).toMatchObject({ word: 'blocked' });
  });
});

describe('an order to the guard', () => {
  it('comes with a snapshot’s request where one is given, or by itself, and is answered with a report', async () => {
    const made = await makeBridge({ t, deps }, await makeUser({ t, deps }));
    const { request_id: _, ...snapshot } = wireSnapshot({ guard: wireGuard() });
    const bridge = scriptedBridge(made.secret, deps.clock, {
      snapshot: () => snapshot,
      guard: () => ({ guard: wireGuard({ phase: 'warned' }) }),
    });
    deps.outbound = bridge.outbound;
    const shown = await bridgeClient(deps, made.id, { guard: guardOrder }).snapshot(null);
    expect(shown).toMatchObject({ kind: 'reply', value: { guard: { version: 4, phase: 'closing' } } });
    await bridgeClient(deps, made.id, { guard: null }).snapshot(null);
    await bridgeClient(deps, made.id).snapshot(null);
    expect(await client(made.id).guard(guardOrder)).toMatchObject({
      ...{ kind: 'reply', value: { version: 4, phase: 'warned' } },
    });
    const said = bridge.received.map(({ kind, guard = null }) => [kind, guard]);
    const none = ['snapshot', null];
    expect(said).toEqual([['snapshot', guardOrder], none, none, ['guard', guardOrder]]);
  });

  it('is given through an open circuit, which holds back what opens something', async () => {
    deps.breaker = createCircuitBreaker({ redis: null, clock: deps.clock });
    for (let i = 0; i < 5; i += 1) await client().execute(COMMAND);
    expect(await client().execute(COMMAND)).toMatchObject({ word: 'circuit-open' });
    const before = bodies.length;
    expect(await client().guard(guardOrder)).toMatchObject({ word: 'unreachable' });
    expect(bodies.length).toBeGreaterThan(before);
  });
});
