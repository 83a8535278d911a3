/**
 * Circuits shared by all isolates through Redis, one hash a circuit. Redis saves work here and decides nothing alone:
 *  1. where it does not answer within its 250 ms, or answers nonsense, the isolate goes by what it has seen itself, and
 *     does not ask again for `REDIS_REST_MS`;
 *  2. whatever is in doubt is called: two trials at once or one failure not counted are harmless;
 *  3. a circuit that works costs one read, and no write.
 * cockatiel, the library for this in one process, keeps a half-open trial as a promise and takes the time from the
 * runtime's clock; restored in another isolate its HALF_OPEN is "try now" for everybody.
 */
import type { Redis } from '@upstash/redis';
import { afterFailure, type Circuit, type CircuitPolicy, CLOSED, circuitState } from './circuit.ts';
import type { Clock } from './clock.ts';

/** How the other side is after a call: `down` counts against it, `unknown` says nothing about it. */
export type Health = 'up' | 'down' | 'unknown';
/**
 * Whether a call may be made, and how to say what came of it. Every admitted call must be settled, and one that is made
 * though it was not admitted should be: its word counts like any other.
 */
export type Admission = { admitted: boolean; settle(health: Health): Promise<void> };
export type CircuitBreaker = { admit(name: string, policy: CircuitPolicy): Promise<Admission> };

/** After Redis failed us, for how long it is not asked. */
const REDIS_REST_MS = 5_000;
const MAX_CIRCUITS = 1_000;
const FORGET_AFTER_MS = 3_600_000;
const FIELDS = ['failures', 'openUntilMs', 'trips'] as const;

type CircuitRedis = Pick<Redis, 'hgetall' | 'set' | 'pipeline' | 'del'>;

/** The breaker of an isolate; without Redis each isolate counts for itself. */
export function createCircuitBreaker(options: { redis: CircuitRedis | null; clock: Clock }): CircuitBreaker {
  const { redis, clock } = options;
  const own = new Map<string, Circuit>();
  const trials = new Map<string, number>();
  let askAgainMs = Number.NEGATIVE_INFINITY;

  /** What Redis says; null where it is not to be had. */
  const shared = async <T>(ask: (r: CircuitRedis) => Promise<T>): Promise<T | null> => {
    if (redis === null || clock.nowMs() < askAgainMs) return null;
    try {
      return await ask(redis);
    } catch {
      askAgainMs = clock.nowMs() + REDIS_REST_MS;
      return null;
    }
  };
  const remember = (name: string, circuit: Circuit): void => {
    own.delete(name);
    if (own.size >= MAX_CIRCUITS) own.delete(own.keys().next().value ?? name);
    if (circuit !== CLOSED) own.set(name, circuit);
  };

  const read = async (name: string): Promise<Circuit> => {
    const said = await shared(async (r) => circuitOf(await r.hgetall<Record<string, unknown>>(key(name))));
    if (said !== null) remember(name, said);
    return said ?? own.get(name) ?? CLOSED;
  };
  const write = async (name: string, circuit: Circuit): Promise<void> => {
    remember(name, circuit);
    await shared(async (r) => {
      if (circuit === CLOSED) return r.del(key(name), trialKey(name));
      const pipeline = r.pipeline();
      pipeline.hset(key(name), circuit);
      pipeline.pexpire(key(name), FORGET_AFTER_MS);
      return pipeline.exec();
    });
  };
  /** One caller at a time tries a half-open circuit. */
  const takesTrial = async (name: string, trialMs: number): Promise<boolean> => {
    const nowMs = clock.nowMs();
    if (nowMs < (trials.get(name) ?? 0)) return false;
    trials.set(name, nowMs + trialMs);
    const said = await shared(async (r) => ({
      got: (await r.set(trialKey(name), 1, { nx: true, px: trialMs })) === 'OK',
    }));
    return said?.got ?? true;
  };
  const settle = async (name: string, before: Circuit, policy: CircuitPolicy, health: Health) => {
    if (health === 'unknown') return;
    if (health === 'up') return before === CLOSED ? remember(name, CLOSED) : write(name, CLOSED);
    // Others may have failed meanwhile.
    await write(name, afterFailure(await read(name), policy, clock.nowMs()));
  };

  return {
    admit: async (name, policy) => {
      const circuit = await read(name);
      const state = circuitState(circuit, clock.nowMs());
      const trial = state === 'HALF_OPEN' && (await takesTrial(name, policy.trialMs));
      return {
        admitted: state === 'CLOSED' || trial,
        settle: async (health) => {
          if (trial) trials.delete(name);
          // A trial that has told nothing leaves the next caller to try, at once and in whatever isolate.
          if (trial && health === 'unknown') await shared((r) => r.del(trialKey(name)));
          await settle(name, circuit, policy, health);
        },
      };
    },
  };
}

const key = (name: string): string => `circuit:${name}`;
const trialKey = (name: string): string => `circuit:${name}:trial`;

/** The circuit of a hash; throws where it is none of ours. */
function circuitOf(hash: Record<string, unknown> | null): Circuit {
  if (hash === null) return CLOSED;
  const [failures, openUntilMs, trips] = FIELDS.map((field) => Number(hash[field] ?? Number.NaN));
  const sane = [failures, openUntilMs, trips].every((n) => Number.isSafeInteger(n) && Number(n) >= 0);
  if (!sane) throw new Error('no circuit');
  return { failures: Number(failures), openUntilMs: Number(openUntilMs), trips: Number(trips) };
}
