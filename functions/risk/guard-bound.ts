/**
 * Within what time of a breach an account's closing begins: it depends on who watches, and how often he looks. Milliseconds.
 * Pure.
 *
 * A bridge that guards and polls: at most 2 s until it looks and comes at once, and 1.1 s until the second sample, which it is
 * told to bring (`sync-pace.ts`); its rounds and two exchanges have the rest of 4 s. The warning's end is a moment that its own
 * timer meets, so that nothing comes on top of the warning. A price that has jumped is looked at once more before that, 1.1 s
 * on; the figures are of a market that gives quotes, and of a machine that is not late.
 */

/** How its bridge is reached, and whether it guards by itself. */
export type Watched = { lane: 'poll' | 'webhook'; bridgeGuards: boolean };
/** `hardMs`: of a breach that leaves no time. `ordinaryMs`: of any other, with the warning before it. */
export type GuardBound = { hardMs: number; ordinaryMs: number };

/** A bridge looks every two seconds, and closes nothing by one sample. */
const TWO_LOCAL_SAMPLES_MS = 4_000;
/** The schedule looks at an account at risk every half minute, and confirms what it saw within seconds. */
const SCHEDULED_MS = 35_000;

/** The bound that holds. A bridge that polls brings its breach at once; one that is called is asked in its turn. */
export function guardBound({ lane, bridgeGuards }: Watched, warningMs: number): GuardBound {
  const hardMs = bridgeGuards ? TWO_LOCAL_SAMPLES_MS : SCHEDULED_MS;
  const seenMs = bridgeGuards && lane === 'poll' ? TWO_LOCAL_SAMPLES_MS : SCHEDULED_MS;
  return { hardMs, ordinaryMs: seenMs + warningMs };
}
