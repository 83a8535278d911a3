import { describe, expect, it } from 'vitest';
import {
  type CircuitBreaker,
  createCircuitBreaker,
  type Health,
} from '../../functions/platform/circuit-breaker.ts';
import { idleMetrics } from '../../functions/platform/metrics.ts';
import {
  type Call,
  type Judgement,
  RETRIES,
  resilientCall,
} from '../../functions/platform/resilient-call.ts';
import { START_MS, testClock } from '../support/test-clock.ts';

const READ: Call = { operation: 'bridge-lookup', service: 'bridge', circuit: 'bridge:1', repeatable: true };
const fine: Judgement = { health: 'up', transient: false, effect: 'none', retryAfterMs: null };
const failed = (over: Partial<Judgement> = {}): Judgement => ({
  ...{ health: 'down', transient: true, effect: 'unknown', retryAfterMs: null },
  ...over,
});

/** Makes the call over a script of what each attempt comes to; `unit` is the random number of every pause. */
async function run(
  call: Call,
  script: Judgement[],
  over: { unit?: number; tookMs?: number; breaker?: CircuitBreaker } = {},
) {
  const clock = testClock();
  const unit = Math.floor((over.unit ?? 0.5) * 2 ** 32);
  const attemptsMs: number[] = [];
  const healths: Health[] = [];
  const counted: (readonly string[])[] = [];
  const settling: CircuitBreaker = {
    admit: async () => ({ admitted: true, settle: async (health) => void healths.push(health) }),
  };
  const outcome = await resilientCall(
    {
      clock,
      ids: { next: () => '', randomBytes: () => new Uint8Array(new Uint32Array([unit]).buffer).reverse() },
      breaker: over.breaker ?? settling,
      metrics: { ...idleMetrics, count: (family, values = []) => family === RETRIES && counted.push(values) },
    },
    call,
    async () => {
      attemptsMs.push(clock.nowMs() - START_MS);
      clock.advance(over.tookMs ?? 0);
      return attemptsMs.length;
    },
    (n) => script[n - 1] ?? fine,
  );
  return { outcome, attemptsMs, healths, counted };
}

describe('a call', () => {
  it('that goes well is made once', async () => {
    const { outcome, attemptsMs, healths, counted } = await run(READ, []);
    expect(outcome).toEqual({ kind: 'done', result: 1 });
    expect([attemptsMs, healths, counted]).toEqual([[0], ['up'], []]);
  });

  it('that only reads is made again after growing pauses, and each repeat is counted', async () => {
    const { outcome, attemptsMs, healths, counted } = await run(READ, [failed(), failed()]);
    expect(outcome).toEqual({ kind: 'done', result: 3 });
    expect(attemptsMs).toEqual([0, 500, 1_500]);
    expect(healths).toEqual(['down', 'down', 'up']);
    expect(counted).toEqual([['bridge-lookup'], ['bridge-lookup']]);
  });

  it('gives up after its service’s attempts with what came last', async () => {
    const { outcome, attemptsMs } = await run(READ, [failed(), failed(), failed(), failed()]);
    expect(outcome).toEqual({ kind: 'done', result: 3 });
    expect(attemptsMs).toHaveLength(3);
  });

  it('that may have acted is never made again; one that surely has not is', async () => {
    const acts = { ...READ, repeatable: false };
    expect((await run(acts, [failed()])).attemptsMs).toEqual([0]);
    expect((await run(acts, [failed({ effect: 'none' }), failed()])).attemptsMs).toEqual([0, 500]);
  });

  it('that must be made once is, even where surely nothing happened', async () => {
    const once = { ...READ, repeatable: false, once: true };
    expect((await run(once, [failed({ effect: 'none' })])).attemptsMs).toEqual([0]);
  });

  it('that would go no better is not made again', async () => {
    expect((await run(READ, [failed({ transient: false })])).attemptsMs).toEqual([0]);
  });

  it('begins no attempt behind its service’s time', async () => {
    expect((await run(READ, [failed(), failed()], { tookMs: 3_600 })).attemptsMs).toEqual([0]);
    expect((await run(READ, [failed(), failed()], { tookMs: 1_900 })).attemptsMs).toEqual([0, 2_400]);
  });

  it('waits as long as it was asked to, where that is within its time', async () => {
    expect((await run(READ, [failed({ retryAfterMs: 3_000 })])).attemptsMs).toEqual([0, 3_000]);
    expect((await run(READ, [failed({ retryAfterMs: 100 })])).attemptsMs).toEqual([0, 500]);
    expect((await run(READ, [failed({ retryAfterMs: 60_000 })])).attemptsMs).toEqual([0]);
  });

  it('through an open circuit is not made at all, and one that opens meanwhile ends it', async () => {
    const breaker = createCircuitBreaker({ redis: null, clock: testClock() });
    const twice = await run(READ, [failed(), failed(), failed()], { breaker });
    expect(twice.attemptsMs).toHaveLength(3);
    const opened = await run(READ, [failed(), failed(), failed()], { breaker });
    expect(opened.attemptsMs, 'five failures in a row open it').toHaveLength(2);
    expect(opened.outcome).toEqual({ kind: 'done', result: 2 });
    const closed = await run(READ, [], { breaker });
    expect([closed.outcome, closed.attemptsMs]).toEqual([{ kind: 'open' }, []]);
  });

  it('that must not wait is made through an open circuit, and counts for it', async () => {
    const clock = testClock();
    const breaker = createCircuitBreaker({ redis: null, clock });
    const urgent = { ...READ, evenOpen: true, once: true };
    for (let i = 0; i < 3; i += 1) await run(READ, [failed(), failed(), failed()], { breaker });
    expect((await run(READ, [], { breaker })).outcome).toEqual({ kind: 'open' });
    expect((await run(urgent, [failed()], { breaker })).attemptsMs).toEqual([0]);
    expect((await run(READ, [], { breaker })).outcome, 'a failure leaves it open').toEqual({ kind: 'open' });
    expect((await run(urgent, [], { breaker })).outcome).toEqual({ kind: 'done', result: 1 });
    expect((await run(READ, [], { breaker })).outcome, 'a success closes it').toMatchObject({ kind: 'done' });
  });

  it('that throws is settled too, and says nothing of the other side', async () => {
    const healths: Health[] = [];
    const breaker: CircuitBreaker = {
      admit: async () => ({ admitted: true, settle: async (health) => void healths.push(health) }),
    };
    const ids = { next: () => '', randomBytes: (n: number) => new Uint8Array(n) };
    const broken = async () => {
      throw new Error('ours');
    };
    await expect(
      resilientCall({ clock: testClock(), ids, breaker, metrics: idleMetrics }, READ, broken, () => fine),
    ).rejects.toThrow('ours');
    expect(healths).toEqual(['unknown']);
  });
});
