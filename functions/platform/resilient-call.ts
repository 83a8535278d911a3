/**
 * How every call to a system that may fail is made: through its circuit, and again after a pause where that is harmless.
 * Invariants:
 *  1. what may have acted on the other side is never sent again, unless repeating changes nothing there (`repeatable`);
 *  2. no attempt begins later than the service's `budgetMs` after the first: a function's time is paid for and limited,
 *     and a longer wait belongs to the outbox, whose events come back;
 *  3. while the circuit is open nothing is called, and the answer is at once; but for what must not wait for a rest to be
 *     over (`evenOpen`), whose outcome counts for the circuit like any other.
 */
import { backoffMs, randomUnit } from './backoff.ts';
import type { CircuitPolicy } from './circuit.ts';
import type { Health } from './circuit-breaker.ts';
import type { Deps } from './deps.ts';
import { type CounterFamily, FLUSHED } from './metric-family.ts';

type ServicePolicy = CircuitPolicy & { attempts: number; budgetMs: number };

const policy = (attempts: number, budgetMs: number, mostOpenMs: number): ServicePolicy => ({
  ...{ attempts, budgetMs, mostOpenMs },
  ...{ failuresToOpen: 5, openMs: 30_000, trialMs: 15_000 },
});

/**
 * Per service. Redis is not here: it only saves work and is never asked twice (`redis.ts`). The queue and the object
 * store are tried again by the client that signs for them, and the database after a conflict (`database.ts`).
 */
const SERVICES = {
  // A rest longer than a tick would keep unknown commands waiting after the bridge is back.
  bridge: policy(3, 4_000, 60_000),
  telegram: policy(3, 4_000, 300_000),
  webhook: policy(2, 4_000, 300_000),
} as const;
export type Service = keyof typeof SERVICES;

const OPERATIONS = [
  ...['bridge-snapshot', 'bridge-lookup', 'bridge-candles', 'bridge-execute', 'bridge-guard'],
  ...['telegram-send', 'webhook-send'],
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** Attempts beyond the first. */
export const RETRIES: CounterFamily = {
  kind: 'counter',
  name: 'retries_total',
  help: `Attempts beyond the first at what an outside system did not do, by operation. ${FLUSHED}`,
  labels: { operation: OPERATIONS },
};

export type Call = {
  operation: Operation;
  service: Service;
  /** Names the circuit: one for each address that fails by itself. */
  circuit: string;
  /** Whether doing it twice is the same as once. */
  repeatable: boolean;
  /** Never a second attempt, whatever came of the first. */
  once?: boolean;
  /** Made through an open circuit too. */
  evenOpen?: boolean;
};

/** What an attempt's result means. `transient`: it may go better next time. */
export type Judgement = {
  health: Health;
  transient: boolean;
  effect: 'none' | 'unknown';
  /** What the other side asked to wait; null where it asked for nothing. */
  retryAfterMs: number | null;
};

type Tools = Pick<Deps, 'clock' | 'ids' | 'breaker' | 'metrics'>;

/** Makes the call. `open`: the circuit is, and nothing was done; else the last attempt's result. */
export async function resilientCall<R>(
  deps: Tools,
  call: Call,
  attempt: () => Promise<R>,
  judge: (result: R) => Judgement,
): Promise<{ kind: 'done'; result: R } | { kind: 'open' }> {
  const service = SERVICES[call.service];
  const beganMs = deps.clock.nowMs();
  let last: { kind: 'done'; result: R } | { kind: 'open' } = { kind: 'open' };
  for (let made = 1; ; made += 1) {
    const admission = await deps.breaker.admit(call.circuit, service);
    if (!admission.admitted && !call.evenOpen) return last;
    if (made > 1) deps.metrics.count(RETRIES, [call.operation]);
    const { result, judged } = await settled(admission.settle, attempt, judge);
    last = { kind: 'done', result };
    const harmless = call.repeatable || judged.effect === 'none';
    if (call.once || !judged.transient || !harmless || made >= service.attempts) return last;
    const pauseMs = Math.max(backoffMs(made, randomUnit(deps.ids.randomBytes(4))), judged.retryAfterMs ?? 0);
    if (deps.clock.nowMs() + pauseMs - beganMs > service.budgetMs) return last;
    await deps.clock.sleep(pauseMs);
  }
}

async function settled<R>(
  settle: (health: Health) => Promise<void>,
  attempt: () => Promise<R>,
  judge: (result: R) => Judgement,
): Promise<{ result: R; judged: Judgement }> {
  try {
    const result = await attempt();
    const judged = judge(result);
    await settle(judged.health);
    return { result, judged };
  } catch (e) {
    // A fault of ours tells nothing about the other side.
    await settle('unknown');
    throw e;
  }
}
