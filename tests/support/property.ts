// One seed for the property tests of a run, printed, so that a failure can be repeated: `FC_SEED=<seed> npx vitest ...`. A
// short run takes the same each time, so that it says whether a change did harm; a soak looks for what nobody has seen yet.
import { expect } from 'vitest';

/** How many times as many runs a soak takes: `FC_SOAK=50`. */
const soak = Number(process.env['FC_SOAK'] ?? '1');
if (!Number.isSafeInteger(soak) || soak < 1) throw new Error('FC_SOAK must be a whole number from 1');

const SHORT_SEED = 20_261_121;
const isLong = ['FC_SOAK', 'SCHEDULES', 'KILL_ROUNDS'].some((name) => process.env[name] !== undefined);
const given = process.env['FC_SEED'] ?? (isLong ? 'random' : String(SHORT_SEED));

const seed = given === 'random' ? crypto.getRandomValues(new Int32Array(1))[0] : Number(given);
if (seed === undefined || !Number.isSafeInteger(seed))
  throw new Error('FC_SEED must be a whole number or random');
console.info(`property seed: FC_SEED=${seed}`);

/** Looking for the smallest case of a failure may go on for ever; the failure itself is then told. */
const LIMIT_MS = 120_000;

/** What `fc.assert` needs to repeat a run. */
export const runs = (numRuns = 200) => ({
  seed,
  numRuns: numRuns * soak,
  interruptAfterTimeLimit: LIMIT_MS * soak,
  markInterruptAsFailure: true,
});

/** Counts the interesting cases that a property met; `expectAllMet` fails on a case that never came up. */
export function caseCensus<Name extends string>(...names: Name[]) {
  const counts = new Map<Name, number>(names.map((name) => [name, 0]));
  return {
    /** Counts `name` where `met` holds, and says whether it does. */
    note(name: Name, met: boolean): boolean {
      if (met) counts.set(name, (counts.get(name) ?? 0) + 1);
      return met;
    },
    /** Every case must have been met at least once, or the property proved less than its name says. */
    expectAllMet(): void {
      const missed = [...counts].filter(([, count]) => count === 0).map(([name]) => name);
      expect(missed, `cases never reached with FC_SEED=${seed}`).toEqual([]);
    },
  };
}
