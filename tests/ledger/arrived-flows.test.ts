import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrivedFlows, type BookedDeal, type HeldPoint } from '../../functions/ledger/arrived-flows.ts';
import { caseCensus, runs } from '../support/property.ts';

const result = (units: number): BookedDeal => ({ units: BigInt(units), kind: 'result' });
const flow = (units: number): BookedDeal => ({ units: BigInt(units), kind: 'flow' });
const correction = (units: number): BookedDeal => ({ units: BigInt(units), kind: 'correction' });
const unseen: BookedDeal = { units: 0n, kind: 'unseen' };

/** Points as what is held, what was booked by what was told, and what of it flowed. */
const points = (...of: readonly (readonly [number, number, number] | number)[]): HeldPoint[] =>
  of.map((point, i) => {
    const [held, booked, flowed] = typeof point === 'number' ? [point] : point;
    const told =
      booked === undefined || flowed === undefined
        ? null
        : { booked: BigInt(booked), flowed: BigInt(flowed) };
    return { atMs: i, held: BigInt(held), told };
  });
const arrived = (of: HeldPoint[], deals: BookedDeal[]) => arrivedFlows(of, deals, []).map(Number);
const START = flow(1_000);
const AT_START = [1_000, 1_000, 1_000] as const;

describe('a flow arrived', () => {
  it('with the point that told of it, where what is held is what was told', () => {
    const told = points(AT_START, [1_460, 1_460, 1_500], [1_160, 1_160, 1_200]);
    expect(arrived(told, [START, flow(500), result(-40), flow(-300)])).toEqual([0, 500, -300]);
    expect(arrived(told, [])).toEqual([0, 500, -300]);
  });

  it('where the money moved, where its deal came later, among results or with a whole history', () => {
    const late = points(AT_START, [1_500, 1_000, 1_000], [1_480, 1_480, 1_500]);
    expect(arrived(late, [START, flow(500), result(-20)])).toEqual([0, 500, 0]);
    const blank = points([1_000, 0, 0], [1_460, 0, 0], [1_460, 1_460, 1_500]);
    expect(arrived(blank, [START, flow(500), result(-40)])).toEqual([0, 500, 0]);
  });

  it('where the money moves, where its deal came earlier; until then not at all', () => {
    const early = points(AT_START, [1_000, 1_500, 1_500], [1_007, 1_507, 1_500], [1_507, 1_507, 1_500]);
    expect(arrived(early, [START, result(7), flow(500)])).toEqual([0, 0, 0, 500]);
    expect(arrived(early.slice(0, 3), [START, result(7), flow(500)])).toEqual([0, 0, 0]);
  });

  it('and what trading made or lost is none, told late or early', () => {
    const loss = points(AT_START, [960, 1_000, 1_000], [1_460, 1_460, 1_500]);
    expect(arrived(loss, [START, result(-40), flow(500)])).toEqual([0, 0, 500]);
    const both = points(AT_START, [1_460, 1_000, 1_000], [1_460, 1_500, 1_500], [1_460, 1_460, 1_500]);
    expect(arrived(both, [START, flow(500), result(-40)])).toEqual([0, 500, 0, 0]);
  });

  it('where the same is held twice, as it was told, or else with the first of them', () => {
    // What was lost came in again: nothing is held that was not before.
    const deals = [START, result(-100), flow(100)];
    expect(arrived(points(AT_START, AT_START, [1_000, 1_000, 1_100]), deals)).toEqual([0, 0, 100]);
    expect(arrived(points(AT_START, 1_000, 900, 1_000), deals)).toEqual([0, 0, 0, 100]);
    const early = points(AT_START, [1_000, 1_100, 1_100], [900, 1_000, 1_100], [1_000, 1_000, 1_100]);
    expect(arrived(early, deals)).toEqual([0, 0, 0, 100]);
  });

  it('as it was told, with a snapshot that no order of the deals makes; and the next puts it right', () => {
    const torn = points(AT_START, [1_003, 1_500, 1_500], [1_000, 1_500, 1_500], [1_500, 1_500, 1_500]);
    expect(arrived(torn, [START, flow(500)])).toEqual([0, 500, -500, 500]);
    const twice = points(AT_START, [1_003, 1_500, 1_500], [1_004, 1_800, 1_800], [1_800, 1_800, 1_800]);
    expect(arrived(twice, [START, flow(500), flow(300)])).toEqual([0, 500, 300, 0]);
  });

  it('never, where it takes back what nobody had seen: a correction of a deal that nobody told of', () => {
    const never = points(AT_START, [1_000, 930, 930], [1_005, 935, 930]);
    expect(arrived(never, [START, unseen, correction(-70), result(5)])).toEqual([0, 0, 0]);
  });

  it('where it takes back what a snapshot had shown', () => {
    const shown = points(AT_START, [1_070, 1_000, 1_000], [1_000, 930, 930]);
    expect(arrived(shown, [START, unseen, correction(-70)])).toEqual([0, 0, -70]);
  });

  it('and a deal that was seen, and of which books that were read anew know nothing any more, is an unseen one', () => {
    const anew = points(AT_START, [920, 920, 960], [960, 960, 1_000], [965, 1_005, 1_000]);
    expect(arrived(anew, [START, unseen, correction(-40), correction(40), result(5)])).toEqual([
      0, -40, 40, 0,
    ]);
  });

  it('whichever corrections took back which of several unseen deals', () => {
    // 70 and 30 are booked, a flow comes, 30 is taken back, then 70; of all that the flow and the corrections are told, at once.
    const deals = [START, unseen, unseen, flow(500), correction(-30), correction(-70)];
    const of = points(AT_START, 1_070, 1_100, 1_600, 1_570, 1_500);
    expect(arrived(of, deals)).toEqual([0, 0, 0, 500, -30, -70]);
    // Both came and went between two looks; one of them did.
    expect(arrived(points(AT_START, [1_500, 1_400, 1_400]), deals)).toEqual([0, 500]);
    expect(arrived(points(AT_START, 1_070, [1_500, 1_400, 1_400]), deals)).toEqual([0, 0, 430]);
  });

  it('with money that is older than the first deal beside it', () => {
    const older = points([9_000, 1_000, 1_000], [9_500, 1_000, 1_000], [9_460, 1_460, 1_500]);
    expect(arrived(older, [START, flow(500), result(-40)])).toEqual([0, 500, 0]);
  });

  it('at the time of its deal, where nobody knows what was told and the deals do not say it', () => {
    const bare = points(1_000, 1_333, 1_500);
    const dated = (timeMs: number) => arrivedFlows(bare, [], [{ timeMs, units: 500n }]).map(Number);
    expect([0, 1, 2, 3].map(dated)).toEqual([
      [0, 0, 0],
      [0, 500, 0],
      [0, 0, 500],
      [0, 0, 0],
    ]);
    expect(arrivedFlows([], [], [])).toEqual([]);
  });
});

/** A deal whose money moves with one point and that is told with another; null: of an unseen one, what it booked is told with none. */
type Told = BookedDeal & { moved: number; told: number | null };

/** Two numbers at once, so that none is met twice or adds up to another by chance. */
const draw = (ns: IterableIterator<number>): bigint => {
  const next = () => BigInt(ns.next().value ?? 1);
  return next() * 2n ** 32n + next();
};

const sumOf = (deals: readonly Told[]): bigint => deals.reduce((sum, { units }) => sum + units, 0n);
const isFlow = ({ kind }: Told): boolean => kind === 'flow' || kind === 'correction';

/** What points show of such deals. */
function shown(deals: readonly Told[], count: number, older: bigint): HeldPoint[] {
  return Array.from({ length: count }, (_, n) => {
    const told = deals.filter((d) => d.told !== null && d.told <= n);
    return {
      ...{ atMs: n, held: older + sumOf(deals.filter((d) => d.moved <= n)) },
      told: { booked: sumOf(told), flowed: sumOf(told.filter(isFlow)) },
    };
  });
}

/** Of a step: what its deals are, and by how many points each is told late (or early, below zero), or undone later. */
type Step = { kind: 'flow' | 'result' | 'unseen'; by: number }[];
const MOST_UNSEEN = 2;

/** The deals of steps in the order in which they are booked: at a point each step, behind it what undoes those of steps before. */
function course(steps: readonly Step[], units: readonly bigint[]): Told[] {
  const deals: Told[] = [];
  let unseen = 0;
  const due = new Map<number, Told[]>();
  for (const [i, step] of [...steps, ...Array.from({ length: 3 }, (): Step => [])].entries()) {
    const moved = i + 1;
    for (const { kind, by } of step) {
      const own = units[deals.length] ?? 1n;
      if (kind !== 'unseen' || unseen === MOST_UNSEEN) {
        deals.push({ units: own, kind: kind === 'flow' ? kind : 'result', moved, told: moved + by });
        continue;
      }
      unseen += 1;
      deals.push({ units: own, kind, moved, told: null });
      const undone = moved + Math.abs(by);
      const correction: Told = { units: -own, kind: 'correction', moved: undone, told: undone };
      due.set(undone, [...(due.get(undone) ?? []), correction]);
    }
    deals.push(...(due.get(moved) ?? []));
  }
  return deals;
}

describe('any course of deals', () => {
  /** Odd amounts: no few of them add up to another by chance. */
  const amounts = fc.noShrink(
    fc
      .infiniteStream(fc.integer({ min: -(2 ** 30), max: 2 ** 30 }))
      .map((ns) => Array.from({ length: 60 }, () => draw(ns))),
  );
  const by = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.integer({ min: -3, max: 3 }));
  const kind = fc.constantFrom<Step[number]['kind']>('flow', 'flow', 'result', 'result', 'unseen');
  const steps = fc.array(fc.array(fc.record({ kind, by }), { maxLength: 4 }), { minLength: 2, maxLength: 8 });

  it('has each flow arrive where its money moved, whatever of the deals came late, early or never', () => {
    const census = caseCensus(
      ...['late flow', 'early flow', 'late result', 'early result', 'two at once', 'older'],
      ...['undone later', 'undone at once', 'two unseen'],
    );
    fc.assert(
      fc.property(steps, amounts, fc.boolean(), (steps, units, isOlder) => {
        const deals = course(steps, units);
        const seen = shown(deals, steps.length + 7, isOlder ? 7n ** 40n : 0n);
        const undoes = (d: Told) =>
          d.kind === 'correction' && deals.some((u) => u.units === -d.units && u.moved === d.moved);
        const came = (n: number) => sumOf(deals.filter((d) => isFlow(d) && d.moved === n && !undoes(d)));
        const booked = deals.map(({ units, kind }) => ({ units: kind === 'unseen' ? 0n : units, kind }));
        expect(arrivedFlows(seen, booked, [])).toEqual(seen.map((_, n) => (n === 0 ? 0n : came(n))));
        for (const { kind, moved, told } of deals) {
          const late = told === null ? 0 : told - moved;
          if (kind === 'unseen' || kind === 'correction') continue;
          census.note(`late ${kind}`, late > 0);
          census.note(`early ${kind}`, late < 0);
        }
        const flows = deals.filter((d) => d.kind === 'flow');
        census.note(
          'two at once',
          flows.some((d, i) => flows[i + 1]?.moved === d.moved),
        );
        census.note('older', isOlder);
        census.note('undone at once', deals.some(undoes));
        census.note(
          'undone later',
          deals.some((d) => d.kind === 'correction' && !undoes(d)),
        );
        census.note('two unseen', deals.filter((d) => d.kind === 'unseen').length > 1);
      }),
      runs(1000),
    );
    census.expectAllMet();
  });
});
