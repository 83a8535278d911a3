// Legs for tests, in cents and plain milliseconds.
import fc from 'fast-check';
import type { RealisedLeg } from '../../functions/ledger/realised-leg.ts';

/** A leg with its ticket, its net in cents, and when it was open. */
export const legOf = (
  ticket: number,
  cents: number,
  over: Partial<Pick<RealisedLeg, 'openedMs' | 'closedMs' | 'r'>> = {},
): RealisedLeg => ({
  ...{ dealTicket: String(ticket), net: (cents / 100).toFixed(2), r: null },
  ...{ openedMs: over.closedMs ?? ticket, closedMs: ticket },
  ...over,
});

const SPAN_MS = 40 * 86_400_000;

/** Some legs of forty days from `fromMs` on, several of them closed in one moment. */
export const manyLegs = (fromMs: number, maxLength = 40): fc.Arbitrary<RealisedLeg[]> =>
  fc
    .array(
      fc.record({
        cents: fc.integer({ min: -50_000, max: 50_000 }).map((c) => (c % 7 === 0 ? 0 : c)),
        // Often one of few moments, so that some close together.
        at: fc.oneof(fc.integer({ min: 0, max: SPAN_MS / 600_000 }), fc.integer({ min: 0, max: 5 })),
        heldMs: fc.integer({ min: 0, max: 5 * 86_400_000 }),
        r: fc.option(fc.integer({ min: -300, max: 300 }).map((r) => (r / 100).toFixed(2))),
      }),
      { maxLength },
    )
    .map((rows) =>
      rows.map(({ cents, at, heldMs, r }, i) => {
        const closedMs = fromMs + at * 600_000;
        return legOf(9 + i, cents, { closedMs, openedMs: closedMs - heldMs, r });
      }),
    );
