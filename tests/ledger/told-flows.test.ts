import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ToldPoint, toldFlows } from '../../functions/ledger/told-flows.ts';
import { caseCensus, runs } from '../support/property.ts';

const at = (held: bigint, booked: bigint, flowed: bigint, atMs = 0): ToldPoint => ({
  atMs,
  held,
  booked,
  flowed,
});
/** Points that follow each other: how much more is held, booked and brought in flows. */
const points = (...steps: readonly (readonly [number, number, number])[]): ToldPoint[] => {
  let last = at(1_000n, 1_000n, 1_000n);
  return [last].concat(
    steps.map(([held, booked, flowed], i) => {
      const by = (sum: bigint, more: number) => sum + BigInt(more);
      last = at(by(last.held, held), by(last.booked, booked), by(last.flowed, flowed), i + 1);
      return last;
    }),
  );
};
/** Flows are dated far away, where nothing is said of it. */
const dated = (units: number, timeMs = -99) => ({ timeMs, units: BigInt(units) });
const arrived = (
  steps: readonly (readonly [number, number, number])[],
  flows: readonly (number | [number, number])[],
) =>
  toldFlows(points(...steps), [
    dated(1_000),
    ...flows.map((flow) => (typeof flow === 'number' ? dated(flow) : dated(...flow))),
  ])
    .slice(1)
    .map(Number);

describe('a flow arrived', () => {
  it('with the point that told of it, where nothing moves apart from what is told', () => {
    expect(arrived([[500, 500, 500]], [500])).toEqual([500]);
    expect(
      arrived(
        [
          [460, 460, 500],
          [10, 10, 0],
          [-300, -300, -300],
        ],
        [500, -300],
      ),
    ).toEqual([500, 0, -300]);
  });

  it('where the money moved, where its deal came later, with results or without', () => {
    expect(
      arrived(
        [
          [500, 0, 0],
          [0, 500, 500],
        ],
        [500],
      ),
    ).toEqual([500, 0]);
    expect(
      arrived(
        [
          [500, 0, 0],
          [0, 0, 0],
          [-20, 480, 500],
        ],
        [500],
      ),
    ).toEqual([500, 0, 0]);
    expect(
      arrived(
        [
          [-300, 0, 0],
          [0, -300, -300],
        ],
        [-300],
      ),
    ).toEqual([-300, 0]);
  });

  it('where the money moves, where its deal came earlier; until then not at all', () => {
    expect(
      arrived(
        [
          [0, 500, 500],
          [7, 7, 0],
          [500, 0, 0],
        ],
        [500],
      ),
    ).toEqual([0, 0, 500]);
    expect(
      arrived(
        [
          [0, 500, 500],
          [7, 7, 0],
        ],
        [500],
      ),
    ).toEqual([0, 0]);
  });

  it('alone of several that are told at once', () => {
    // The first of them came one point earlier, the second as it was told.
    expect(
      arrived(
        [
          [500, 0, 0],
          [80, 580, 580],
        ],
        [500, 80],
      ),
    ).toEqual([500, 80]);
    // Each at another point.
    expect(
      arrived(
        [
          [500, 0, 0],
          [80, 0, 0],
          [0, 580, 580],
        ],
        [500, 80],
      ),
    ).toEqual([500, 80, 0]);
  });

  it('beside results of several points, all of which a later one tells with some of its own', () => {
    // A result, then money with another result; told together, with a result of that moment.
    expect(
      arrived(
        [
          [-139, 0, 0],
          [249_981, 0, 0],
          [-19, 249_823, 250_000],
        ],
        [250_000],
      ),
    ).toEqual([0, 250_000, 0]);
    // Money that went, with a result, and a result after it.
    expect(
      arrived(
        [
          [-666_491, 0, 0],
          [-34, 0, 0],
          [824, -665_701, -666_479],
        ],
        [-666_479],
      ),
    ).toEqual([-666_479, 0, 0]);
  });

  it('with a history that came late as a whole, and is no part of what was traded', () => {
    expect(
      arrived(
        [
          [460, 0, 0],
          [0, 460, 500],
        ],
        [500],
      ),
    ).toEqual([500, 0]);
    expect(
      arrived(
        [
          [460, 0, 0],
          [11, 471, 500],
        ],
        [500],
      ),
    ).toEqual([500, 0]);
    expect(
      arrived(
        [
          [500, 0, 0],
          [-40, 0, 0],
          [0, 460, 500],
        ],
        [500],
      ),
    ).toEqual([500, 0, 0]);
  });

  it('is no result that is told late or early beside it', () => {
    expect(
      arrived(
        [
          [-40, 0, 0],
          [500, 460, 500],
        ],
        [500],
      ),
    ).toEqual([0, 500]);
    expect(
      arrived(
        [
          [460, 500, 500],
          [0, -40, 0],
        ],
        [500],
      ),
    ).toEqual([500, 0]);
    expect(
      arrived(
        [
          [500, 460, 500],
          [-40, 0, 0],
        ],
        [500],
      ),
    ).toEqual([500, 0]);
  });

  it('where a flow and a result moved at once that are told one after the other', () => {
    expect(
      arrived(
        [
          [460, 0, 0],
          [0, 500, 500],
          [0, -40, 0],
        ],
        [500],
      ),
    ).toEqual([500, 0, 0]);
    expect(
      arrived(
        [
          [460, 0, 0],
          [0, -40, 0],
          [0, 500, 500],
        ],
        [500],
      ),
    ).toEqual([500, 0, 0]);
  });

  it('never, where what it takes back was not seen: a correction of a deal that nobody told of', () => {
    expect(
      arrived(
        [
          [0, -70, -70],
          [5, 5, 0],
        ],
        [-70],
      ),
    ).toEqual([0, 0]);
  });

  it('at the time of its deal, where the sums leave it open', () => {
    // Results of two points, and a flow with one of them, are told at once; or some of them with others of that moment.
    const both = [
      [70, 0, 0],
      [530, 0, 0],
      [0, 600, 500],
    ] as const;
    expect(arrived(both, [[500, 2]])).toEqual([0, 500, 0]);
    expect(arrived(both, [[500, 1]])).toEqual([500, 0, 0]);
    const mixed = [
      [530, 0, 0],
      [20, 550, 500],
    ] as const;
    expect(arrived(mixed, [[500, 1]])).toEqual([500, 0]);
    expect(arrived(mixed, [[500, 2]])).toEqual([0, 500]);
  });

  it('where nobody knows what was told, is not said', () => {
    const [first, second] = points([500, 500, 500]);
    expect(toldFlows([first ?? null, null, second ?? null], [dated(1_000), dated(500)])).toEqual([
      0n,
      0n,
      0n,
    ]);
  });
});

type Told = { units: bigint; isFlow: boolean; moved: number; told: number };

/** Two numbers at once, so that none is met twice or adds up to another by chance. */
const draw = (ns: IterableIterator<number>): bigint => {
  const next = () => BigInt(ns.next().value ?? 1);
  return next() * 2n ** 32n + next();
};

/** What a point shows of deals whose money moves at one and that are told at another. */
function shown(deals: readonly Told[], count: number) {
  const upTo = (n: number, of: (d: Told) => number, flowsAlone: boolean) =>
    deals.filter((d) => of(d) <= n && (d.isFlow || !flowsAlone)).reduce((total, d) => total + d.units, 0n);
  const rows = Array.from({ length: count }, (_, n) =>
    at(
      upTo(n, (d) => d.moved, false),
      upTo(n, (d) => d.told, false),
      upTo(n, (d) => d.told, true),
      n,
    ),
  );
  const expected = rows.map((_, n) =>
    n === 0 ? 0n : deals.filter((d) => d.isFlow && d.moved === n).reduce((total, d) => total + d.units, 0n),
  );
  return { rows, expected };
}

const KINDS = ['as it comes', 'a blank history', 'flows late', 'flows early', 'results late'] as const;
type Step = { kind: (typeof KINDS)[number]; flows: number; results: number; by: number };

/**
 * Deals of steps, at a point each. Something is late at one time only, and where it is told nothing is traded: of late results
 * among others the sums do not say which they were.
 */
function course(steps: readonly Step[], units: readonly bigint[]) {
  const deals: Told[] = [];
  const met: Step['kind'][] = [];
  let pending = { until: 0, blank: false };
  for (const [i, step] of steps.entries()) {
    const moved = i + 1;
    const kind = moved <= pending.until + (step.kind === 'flows early' ? step.by : 0) ? KINDS[0] : step.kind;
    if (kind === 'a blank history' || kind === 'flows late' || kind === 'results late')
      pending = { until: moved + step.by, blank: kind === 'a blank history' };
    const results = moved === pending.until ? 0 : step.results;
    for (let n = 0; n < step.flows + results; n += 1) {
      const isFlow = n < step.flows;
      const isLate =
        (pending.blank && moved <= pending.until) || kind === (isFlow ? 'flows late' : 'results late');
      const told = isLate ? pending.until : isFlow && kind === 'flows early' ? moved - step.by : moved;
      deals.push({ units: units[deals.length] ?? 1n, isFlow, moved, told });
    }
    if (step.flows + results > 0) met.push(kind);
  }
  return { deals, met };
}

describe('any course of deals', () => {
  /** Odd amounts: no few of them add up to another by chance. */
  const amounts = fc.noShrink(
    fc
      .infiniteStream(fc.integer({ min: -(2 ** 30), max: 2 ** 30 }))
      .map((ns) => Array.from({ length: 24 }, () => draw(ns))),
  );
  const step = fc.record({
    kind: fc.oneof(
      { weight: 4, arbitrary: fc.constant(KINDS[0]) },
      { weight: 3, arbitrary: fc.constantFrom(...KINDS.slice(1)) },
    ),
    flows: fc.constantFrom(0, 0, 1, 1, 2),
    results: fc.constantFrom(0, 1, 2),
    by: fc.integer({ min: 1, max: 2 }),
  });

  it('has each flow arrive where its money moved, whatever of its deals came late or early', () => {
    const census = caseCensus(...KINDS, 'two flows at once');
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 6 }), amounts, (steps, units) => {
        const { deals, met } = course(steps, units);
        for (const kind of met) census.note(kind, true);
        census.note(
          'two flows at once',
          steps.some((x) => x.flows > 1),
        );
        const { rows, expected } = shown(deals, steps.length + 4);
        const told = deals
          .filter((d) => d.isFlow)
          .toSorted((a, b) => Math.min(a.moved, a.told) - Math.min(b.moved, b.told))
          .map(({ units, moved }) => ({ units, timeMs: moved }));
        expect(toldFlows(rows, told)).toEqual(expected);
      }),
      runs(2000),
    );
    census.expectAllMet();
  });
});
