// Random schedules for a guarded account, and what every so many of them must contain so that nothing is left to chance: each
// fault is armed around a fall, and each course that chance would rarely take is taken.
import fc from 'fast-check';
import { type Fault, HAZARDS, POLLED_HAZARDS, type Side, type Step } from './guard-step.ts';
import { CALLED, LANES, type Lane } from './guarded-account.ts';

const pass = (seconds: number): Step => ({ do: 'pass', seconds });
const fall = (bps: number): Step => ({ do: 'fall', bps });
const spike = (bps: number): Step => ({ do: 'spike', bps });
const outage = (of: Extract<Step, { do: 'outage' }>['of'], seconds: number): Step => ({
  do: 'outage',
  of,
  seconds,
});
const person = (what: Extract<Step, { do: 'person' }>['what']): Step => ({ do: 'person', what });
const entry: Step = { do: 'approve', side: 'buy', type: 'market' };
const flow = (
  amount: string,
  timing: Extract<Step, { do: 'flow' }>['timing'],
  type: 'deposit' | 'credit' = 'deposit',
): Step => ({
  ...{ do: 'flow', type, amount, timing },
});
/** So many of a round are random alone. */
const RANDOM = 12;
/** 20 lots of gold: a dollar is two percent of the account. */
export const HELD: readonly Step[] = [{ do: 'hold', symbol: 'XAUUSD', side: 'buy', lots: '20' }, pass(35)];
/** By a fifth and a little more, and as long as it takes. */
export const FALLEN: readonly Step[] = [fall(2_100), pass(70)];

/** How long after `HELD` and a fall the schedule has seen it and warned; ten seconds later everything is closed. */
const TO_WARNED = 28;
/** Faults that bite while something is closed: what asks for a look-up comes about first. */
function around(faults: readonly Fault[]): Step[] {
  const unanswered = faults.flatMap((f) =>
    f.on === 'lookup' ? [{ ...f, kind: 'timeout_after', on: 'execute' as const }] : [],
  );
  const shown = faults.filter((f) => f.on === 'snapshot' || f.on === 'sync');
  const others = faults.filter((f) => !shown.includes(f));
  return [...HELD, ...shown, fall(2_100), pass(TO_WARNED), ...unanswered, ...others, pass(60)];
}

/** Courses that chance alone would rarely take. */
export const COURSES: readonly (readonly Step[])[] = [
  // Calm: the strict bounds hold.
  [...HELD, pass(125), ...FALLEN],
  [...HELD, pass(125), fall(2_700), pass(50)],
  // A latch, what is tried under it, and its end.
  [...HELD, ...FALLEN, entry, person('rearm'), pass(5), entry, pass(40)],
  [...HELD, ...FALLEN, { do: 'hold', symbol: 'EURUSD', side: 'sell', lots: '1' }, pass(70), entry],
  // Entries from the first sight of a fall on.
  [...HELD, fall(2_100), pass(33), entry, pass(3), entry, pass(40), entry],
  [...HELD, entry, fall(2_050), { do: 'approve', side: 'buy', type: 'limit' }, pass(31), entry, pass(40)],
  // One sample down, and one up.
  [...HELD, spike(2_150), pass(65)],
  [...HELD, fall(1_400), pass(65), spike(2_300), pass(65)],
  // Further than a price goes between two samples.
  [...HELD, spike(4_500), pass(65)],
  [...HELD, fall(1_300), pass(65), spike(-900), pass(65), fall(1_500), pass(65)],
  [...HELD, spike(-2_500), pass(35), fall(1_000), pass(65)],
  // It recovers in time, or not.
  [...HELD, fall(2_100), pass(TO_WARNED), fall(1_500), pass(40)],
  [...HELD, fall(2_100), pass(TO_WARNED), fall(1_980), pass(40)],
  // Flows.
  ...(['now', 'late', 'early', 'doubled'] as const).flatMap((timing) => [
    [...HELD, fall(1_700), pass(65), flow('100000', timing), pass(65), fall(2_100), pass(70)],
    [...HELD, fall(1_700), pass(65), flow('-30000', timing), pass(70)],
  ]),
  [
    ...HELD,
    fall(1_600),
    pass(65),
    flow('40000', 'now', 'credit'),
    pass(65),
    flow('-40000', 'now', 'credit'),
    pass(65),
  ],
  // What cannot be closed for a while.
  [...HELD, fall(2_100), pass(TO_WARNED), outage('market', 300), pass(330)],
  [...HELD, outage('market', 200), fall(2_200), pass(260)],
  [...HELD, fall(2_100), outage('trading', 200), pass(260)],
  [...HELD, fall(2_100), pass(TO_WARNED), outage('bridge', 3_600), pass(3_700)],
  [...HELD, outage('bridge', 3_600), fall(2_200), pass(3_700)],
  [...HELD, fall(2_100), outage('cloud', 400), pass(420)],
  [...HELD, fall(2_100), { do: 'fault', kind: 'partial_fill', on: null, times: 3 }, pass(80)],
  [...HELD, fall(2_100), { do: 'fault', kind: 'requote', on: null, times: 4 }, pass(120)],
  // Whoever works dies, and messages are lost.
  ...(['lose', 'double'] as const).map((what): Step[] => [
    ...HELD,
    { do: 'queue', what, times: 5 },
    ...FALLEN,
    pass(60),
  ]),
  // People meanwhile.
  [...HELD, fall(2_100), pass(44), { do: 'hold', symbol: 'XAUUSD', side: 'sell', lots: '5' }, pass(60)],
  [...HELD, entry, pass(20), person('close-all'), pass(40), person('resume'), entry, pass(40)],
  [
    ...HELD,
    fall(2_100),
    pass(36),
    person('close-all'),
    person('halt'),
    pass(60),
    person('rearm'),
    person('resume'),
    pass(35),
  ],
  // Hedged legs, and both symbols.
  [...HELD, { do: 'hold', symbol: 'XAUUSD', side: 'sell', lots: '8' }, pass(30), ...FALLEN],
  [
    { do: 'hold', symbol: 'EURUSD', side: 'buy', lots: '3' },
    ...HELD,
    fall(2_100),
    outage('market', 90),
    pass(150),
  ],
  // Figures that are none.
  ...(['NaN', '0', '-5000'] as const).map((equity): Step[] => [
    ...HELD,
    { do: 'figure', equity },
    pass(65),
    ...FALLEN,
  ]),
  [...HELD, fall(2_100), { do: 'figure', equity: '0' }, pass(31), { do: 'figure', equity: 'NaN' }, pass(60)],
  [...HELD, { do: 'twice' }, fall(2_100), { do: 'twice' }, pass(3), { do: 'twice' }, pass(60)],
  [...HELD, fall(2_100), { do: 'restart' }, pass(40), { do: 'restart' }, pass(60)],
  // So far that the broker closes by itself.
  [...HELD, pass(35), fall(9_700), pass(60)],
];

/** Of accounts whose bridge guards nothing by itself, so that we close. */
const PLAIN_COURSES: readonly (readonly Step[])[] = [
  ...(['snapshot', 'execute', 'message'] as const).map((before): Step[] => [
    ...[...HELD, fall(2_100), pass(TO_WARNED), { do: 'die', before } as const, pass(120)],
  ]),
  [...HELD, { do: 'pending', lots: '1' }, fall(2_100), pass(34), { do: 'hand-close' }, pass(60)],
  [...HELD, { do: 'pending', lots: '1' }, { do: 'pending', lots: '2' }, ...FALLEN],
];
/** Of accounts whose bridge guards too. */
const BRIDGE_COURSES: readonly (readonly Step[])[] = [
  [...HELD, pass(125), fall(2_700), pass(50)],
  [...HELD, pass(125), outage('cloud', 200), fall(2_700), pass(220)],
  [...HELD, pass(125), outage('cloud', 200), fall(2_150), pass(220)],
];

const side = fc.constantFrom<Side>('buy', 'sell');
const amounts = fc.constantFrom('100000', '25000', '-5000', '-30000');
const of = (weight: number, arbitrary: fc.Arbitrary<Step>) => ({ weight, arbitrary });

const stepIn = (hazards: readonly Fault[]): fc.Arbitrary<Step> =>
  fc.oneof(
    of(6, fc.constantFrom(500, 1_300, 1_700, 1_960, 2_040, 2_100, 2_300, 2_550, 3_000).map(fall)),
    of(3, fc.constantFrom(-1_500, -600, 2_100, 2_400).map(spike)),
    of(
      4,
      fc
        .tuple(fc.constantFrom(...hazards), fc.integer({ min: 1, max: 3 }))
        .map(([f, times]) => ({ ...f, times })),
    ),
    of(
      3,
      fc.record({
        do: fc.constant('flow' as const),
        type: fc.constantFrom('deposit' as const, 'credit' as const),
        amount: amounts,
        timing: fc.constantFrom('now' as const, 'late' as const, 'early' as const, 'doubled' as const),
      }),
    ),
    of(
      3,
      fc.record({
        do: fc.constant('approve' as const),
        side,
        type: fc.constantFrom('market' as const, 'limit' as const),
      }),
    ),
    of(
      2,
      fc.record({
        do: fc.constant('hold' as const),
        symbol: fc.constantFrom('XAUUSD' as const, 'EURUSD' as const),
        side,
        lots: fc.constantFrom('1', '5', '12'),
      }),
    ),
    of(
      1,
      fc.constantFrom<Step>(
        { do: 'pending', lots: '1' },
        { do: 'hand-close' },
        { do: 'restart' },
        { do: 'twice' },
      ),
    ),
    of(
      2,
      fc
        .tuple(
          fc.constantFrom('market' as const, 'trading' as const, 'bridge' as const, 'cloud' as const),
          fc.constantFrom(10, 45, 130),
        )
        .map(([what, s]) => outage(what, s)),
    ),
    of(
      2,
      fc.oneof(
        fc.record({
          do: fc.constant('queue' as const),
          what: fc.constantFrom('lose' as const, 'double' as const),
          times: fc.integer({ min: 1, max: 3 }),
        }),
        fc.record({
          do: fc.constant('die' as const),
          before: fc.constantFrom('snapshot' as const, 'execute' as const, 'message' as const),
        }),
      ),
    ),
    of(
      1,
      fc.constantFrom('NaN', '0', '-5000').map((equity): Step => ({ do: 'figure', equity })),
    ),
    of(
      3,
      fc
        .constantFrom(
          'rearm' as const,
          'rearm' as const,
          'resume' as const,
          'halt' as const,
          'close-all' as const,
        )
        .map(person),
    ),
    of(8, fc.constantFrom(2, 12, 31, 65).map(pass)),
  );

/** Each group is armed at once: one of each sort, so that each of them bites. */
function groups(hazards: readonly Fault[]): Step[][] {
  const sorts = [...Map.groupBy(hazards, (f) => f.on).values()];
  const most = Math.max(...sorts.map((own) => own.length));
  return Array.from({ length: most }, (_, i) => around(sorts.flatMap((own) => own[i] ?? [])));
}
/** So many of a sort, one after the other. */
const inRows = (hazards: readonly Fault[], size: number): Step[][] =>
  Array.from({ length: Math.ceil(hazards.length / size) }, (_, i) =>
    around(hazards.slice(i * size, (i + 1) * size)),
  );
/** After these the next try is minutes away, so that they come last. */
const TAKES_LONG = /^(crash|reject:100(11|12|17|18|24|27|31)$)/;
/** Two and two, those first that leave another try. */
function inPairs(hazards: readonly Fault[]): Step[][] {
  const sorted = hazards.toSorted(
    (a, b) => Number(TAKES_LONG.test(a.kind)) - Number(TAKES_LONG.test(b.kind)),
  );
  const half = Math.ceil(sorted.length / 2);
  return Array.from({ length: half }, (_, i) =>
    around([...new Set([sorted[i], sorted[sorted.length - 1 - i]])].flatMap((f) => f ?? [])),
  );
}

/** A subject, and how the account is reached that it is about: as said, or any of those that can be called, in turns. */
type Subject = { lane: Lane | null; steps: readonly Step[] };
const any = (steps: readonly Step[]): Subject => ({ lane: null, steps });
const on = (lane: Lane, steps: readonly Step[]): Subject => ({ lane, steps });
const plain = (steps: readonly Step[], i: number): Subject =>
  on(i % 2 === 0 ? LANES.plain : LANES.netted, steps);
const guarded = (steps: readonly Step[], i: number): Subject =>
  on(i % 2 === 0 ? LANES.guarded : LANES.nettedGuarded, steps);
const onEnvelopes = HAZARDS.filter((f) => f.on !== 'guard' && f.on !== null);
const SUBJECTS: readonly Subject[] = [
  ...COURSES.map(any),
  ...[...PLAIN_COURSES, ...groups(onEnvelopes)].map(plain),
  ...inPairs(HAZARDS.filter((f) => f.on === null)).map(any),
  ...[
    ...BRIDGE_COURSES,
    ...inRows(
      HAZARDS.filter((f) => f.on === 'guard'),
      3,
    ),
  ].map(guarded),
  ...[...BRIDGE_COURSES, ...groups(POLLED_HAZARDS)].map((steps) => on(LANES.polledGuarded, steps)),
  ...COURSES.slice(1, 3).map((steps) => on(LANES.polled, steps)),
  ...Array<Subject>(RANDOM).fill(any(HELD)),
];
/** So many schedules have had each subject once. */
export const ROUND = SUBJECTS.length;

export type GuardSchedule = { index: number; lane: Lane; steps: Step[] };

/** Schedule number `index` of a seed: its subject; from the second round on with random steps before and after. */
export function guardSchedule(index: number, seed: number): GuardSchedule {
  const { lane, steps: subject } = SUBJECTS[index % ROUND] ?? any([]);
  const round = Math.floor(index / ROUND);
  const own = lane ?? CALLED[(index + round) % CALLED.length] ?? LANES.plain;
  const step = stepIn(own.polled ? POLLED_HAZARDS : HAZARDS);
  const more = subject === HELD ? 10 : round === 0 ? 0 : 6;
  const around = fc.tuple(
    fc.array(step, { maxLength: Math.min(3, more) }),
    fc.array(step, { minLength: Math.min(2, more), maxLength: more }),
  );
  const [[before, after] = [[], []]] = fc.sample(around, { seed: seed + index, numRuns: 1 });
  return { index, lane: own, steps: [...before, ...subject, ...after] };
}
