// What may happen to one account, at random, and what every so many schedules must contain so that nothing is left to
// chance: each fault, and a return code of each class, is the subject of some schedules.
import fc from 'fast-check';
import {
  EXECUTION_FAULTS,
  SECTIONS,
  SNAPSHOT_FAULTS,
  TRANSPORT_FAULTS,
} from '../../../infra/local/broker/fault-book.ts';

/** Traded every hour of the week, as real time is the Worker's. */
export const INSTRUMENTS = ['BTCUSD', 'ETHUSD'] as const;
export type Instrument = (typeof INSTRUMENTS)[number];
type Side = 'buy' | 'sell';
type Envelope = 'snapshot' | 'execute' | 'lookup';

export type Step =
  | {
      do: 'approve';
      instrument: Instrument;
      side: Side;
      type: 'market' | 'limit';
      stops: boolean;
      /** How long an order may work; without it as long as the broker lets it. */
      hours?: number;
    }
  | { do: 'close'; instrument: Instrument; side: Side }
  | { do: 'reject' }
  | { do: 'cancel'; approved: boolean }
  | { do: 'move'; instrument: Instrument; permille: number }
  /** By hand in the terminal: a position of its own, or one or a working order of ours taken out. */
  | { do: 'hand'; what: 'open' | 'close' | 'cancel' }
  | { do: 'fault'; kind: string; on: Envelope | null; times: number; holdMs?: number }
  | { do: 'halt' }
  /** A halt that takes working orders back. */
  | { do: 'withdraw' }
  | { do: 'resume' }
  /** A service operation of the broker: the oldest position has another ticket from then on. */
  | { do: 'service' }
  /** Of the whole deployment: all accounts feel it. */
  | { do: 'halt-all' }
  | { do: 'resume-all' }
  | { do: 'tick' }
  | { do: 'reconcile'; wait: boolean }
  | { do: 'restart' }
  /** What the queue does to the next command. */
  | { do: 'delay' }
  | { do: 'lose' }
  | { do: 'pass'; seconds: number }
  | { do: 'settle' };
export type Action = Step['do'];
export const ACTIONS: readonly Action[] = [
  ...([
    'approve',
    'close',
    'reject',
    'cancel',
    'move',
    'hand',
    'fault',
    'halt',
    'withdraw',
    'service',
    'resume',
    'halt-all',
  ] as const),
  ...(['resume-all', 'tick', 'reconcile', 'restart', 'delay', 'lose', 'pass', 'settle'] as const),
];

/** Another account at the same terminal, which nothing of ours may touch. */
export const DECOY_LOGIN = '1';
/** A request that is cut off from its caller and acts later; a fault of the network, not of the bridge. */
export const LATE = 'late';

/** The classes of domain.md 1.4 with codes by which this simulator can refuse. */
export const RETCODE_CLASSES: Readonly<Record<string, readonly number[]>> = {
  ok: [10008, 10009, 10010],
  'retry-price': [10004, 10020, 10021],
  'retry-wait': [10018, 10024, 10028, 10029],
  're-read': [10023, 10039, 10041],
  already: [10035, 10036],
  pause: [10017, 10026, 10027, 10044],
  terminal: [
    ...[10006, 10007, 10013, 10014, 10015, 10016, 10019, 10022, 10030, 10032, 10033, 10034, 10038, 10040],
    ...[10042, 10043, 10045, 10046],
  ],
  ambiguous: [10011, 10012, 10031],
};

export type Fault = Extract<Step, { do: 'fault' }>;
const fault = (kind: string, on: Envelope | null, times = 1): Fault => ({ do: 'fault', kind, on, times });

const sections = SECTIONS.map((s) => `failed:${s}`);
const snapshotFaults = [...SNAPSHOT_FAULTS.filter((k) => !k.endsWith('*')), ...sections];
const refusals = Object.entries(RETCODE_CLASSES).flatMap(([name, codes]) =>
  name === 'ok' ? [] : codes.slice(0, 3).map((code) => `reject:${code}`),
);
const switched = `switch:${DECOY_LOGIN}`;

/** Every fault where it can bite. */
export const HAZARDS: readonly Fault[] = [
  ...[...TRANSPORT_FAULTS, switched, 'disconnected', LATE].map((kind) => fault(kind, 'execute')),
  // The broker takes these where it trades, whatever the envelope.
  ...[...EXECUTION_FAULTS, ...refusals, 'skew:-400'].map((kind) => fault(kind, null)),
  ...[...TRANSPORT_FAULTS.filter((k) => k !== 'slow' && k !== 'huge'), switched].map((k) =>
    fault(k, 'lookup'),
  ),
  ...[...snapshotFaults, 'stale', 'reorder', 'drop', switched, 'disconnected'].map((k) =>
    fault(k, 'snapshot'),
  ),
];
/** The faults that a whole run must have met, as the census names them. */
export const FAULTS: readonly string[] = [...new Set(HAZARDS.map((s) => s.kind))];

const instrument = fc.constantFrom(...INSTRUMENTS);
const side = fc.constantFrom<Side>('buy', 'sell');
const entry: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('approve' as const),
  instrument,
  side,
  type: fc.oneof(
    { weight: 5, arbitrary: fc.constant('market' as const) },
    { weight: 1, arbitrary: fc.constant('limit' as const) },
  ),
  stops: fc.boolean(),
});
const armed: fc.Arbitrary<Step> = fc
  .tuple(fc.constantFrom(...HAZARDS), fc.integer({ min: 1, max: 2 }))
  .map(([f, times]) => ({ ...f, times }));
type Plain = Extract<
  Step,
  { do: 'reject' | 'halt' | 'withdraw' | 'resume' | 'halt-all' | 'resume-all' | 'tick' | 'service' }
>['do'];
const plain = (...names: Plain[]) => fc.constantFrom(...names).map((name): Step => ({ do: name }));

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: entry },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('close' as const), instrument, side }) },
  { weight: 5, arbitrary: armed },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), approved: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('move' as const),
      instrument,
      permille: fc.integer({ min: -25, max: 25 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('open' as const, 'close' as const, 'cancel' as const)
      .map((what): Step => ({ do: 'hand', what })),
  },
  { weight: 3, arbitrary: plain('reject', 'halt', 'resume', 'resume') },
  { weight: 2, arbitrary: plain('tick', 'tick', 'withdraw', 'service') },
  { weight: 3, arbitrary: fc.boolean().map((wait): Step => ({ do: 'reconcile', wait })) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'restart' }) },
  { weight: 2, arbitrary: fc.constantFrom<Step>({ do: 'delay' }, { do: 'lose' }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(15, 45, 100, 200).map((seconds): Step => ({ do: 'pass', seconds })),
  },
  { weight: 4, arbitrary: fc.constant<Step>({ do: 'settle' }) },
);

export type Entry = Extract<Step, { do: 'approve' }>;
const SETTLE: Step = { do: 'settle' };
const RECONCILE: Step = { do: 'reconcile', wait: true };

/** What a hazard is armed for: something is sent into it, and its outcome is looked at. */
function around(hazard: Fault, market: Entry): Step[] {
  const unanswered = hazard.on === 'lookup' ? [fault('timeout_after', 'execute')] : [];
  return [...unanswered, hazard, market, SETTLE, RECONCILE];
}

/** A command that was lost is found by a reconciliation; while the bridge is slow with it, another one comes. */
export const togetherAt = (first: Entry, holdMs: number): Step[] => [
  ...([{ do: 'lose' }, { ...first, instrument: 'BTCUSD' }, SETTLE] as const),
  { ...fault('slow', 'execute'), holdMs },
  ...([{ do: 'reconcile', wait: false }, { ...first, instrument: 'ETHUSD' }, SETTLE] as const),
];

/** Courses that chance alone would rarely take. */
const COURSES: readonly ((market: Entry) => Step[])[] = [
  (e) => [{ ...e, type: 'limit' }, SETTLE, { do: 'hand', what: 'cancel' }, RECONCILE],
  (e) => [{ do: 'delay' }, e, SETTLE],
  (e) => [
    e,
    SETTLE,
    RECONCILE,
    { do: 'hand', what: 'close' },
    { ...e, do: 'close', side: other(e.side) },
    SETTLE,
  ],
  (e) => togetherAt(e, 600),
  (e) => [
    fault(LATE, 'execute'),
    e,
    { do: 'pass', seconds: 200 },
    RECONCILE,
    { do: 'pass', seconds: 45 },
    RECONCILE,
  ],
  (e) => [e, { do: 'halt' }, e, SETTLE, { do: 'resume' }, e],
  (e) => [fault('partial_fill', null), e, SETTLE, RECONCILE, closeOf(e)],
  // The rest of a close that was filled in part.
  (e) => [e, SETTLE, RECONCILE, fault('partial_fill', null), closeOf(e), SETTLE, RECONCILE],
  // A close that never arrived is sent again once that is known.
  (e) => [
    ...([e, SETTLE, RECONCILE, fault('drop', 'execute'), closeOf(e), SETTLE] as const),
    ...([{ do: 'pass', seconds: 200 }, RECONCILE, { do: 'pass', seconds: 45 }, RECONCILE, SETTLE] as const),
  ],
  // Number 9 is on an account that nets: an entry beside a person's position.
  (e) => [{ do: 'hand', what: 'open' }, RECONCILE, { ...e, instrument: 'BTCUSD', side: 'buy' }, SETTLE],
  (e) => [e, SETTLE, RECONCILE, { do: 'service' }, closeOf(e), SETTLE, RECONCILE],
  (e) => [{ ...e, type: 'limit' }, SETTLE, closeOf(e), SETTLE, RECONCILE],
  (e) => [{ ...e, type: 'limit' }, SETTLE, { do: 'withdraw' }, SETTLE, RECONCILE, { do: 'resume' }],
  // An entry that waits, or whose end is open, when its close is approved.
  (e) => [{ do: 'lose' }, e, SETTLE, closeOf(e), SETTLE, RECONCILE],
  (e) => [fault('timeout_after', 'execute'), e, SETTLE, closeOf(e), SETTLE, RECONCILE],
  // A close that the broker refuses for good, and one that it lets nothing be traded for at first.
  (e) => [e, SETTLE, RECONCILE, fault('reject:10006', null), closeOf(e), SETTLE, RECONCILE],
  (e) => [e, SETTLE, RECONCILE, fault('reject:10018', null, 2), closeOf(e), SETTLE, RECONCILE],
];
const closeOf = (e: Entry): Step => ({ do: 'close', instrument: e.instrument, side: other(e.side) });
const other = (s: Side): Side => (s === 'buy' ? 'sell' : 'buy');

const SUBJECTS: readonly ((market: Entry) => Step[])[] = [
  ...COURSES,
  ...HAZARDS.map((hazard) => (market: Entry) => around(hazard, market)),
];

const market = fc.record({
  do: fc.constant('approve' as const),
  instrument,
  side,
  type: fc.constant('market' as const),
  stops: fc.boolean(),
});

/** Subject number `index`, beginning again after the last. */
const subjectOf = (index: number): fc.Arbitrary<Step[]> =>
  market.map((e) => SUBJECTS[index % SUBJECTS.length]?.(e) ?? []);

/**
 * Schedule number `index`: its subject and then random steps. Before the subjects that come round again there are random
 * steps too, which may take its hazard or its approval away.
 */
export const scheduleOf = (index: number): fc.Arbitrary<Step[]> =>
  fc
    .tuple(
      fc.array(step, { minLength: 0, maxLength: index < SUBJECTS.length ? 0 : 3 }),
      subjectOf(index),
      fc.array(step, { minLength: 2, maxLength: 8 }),
    )
    .map((parts) => parts.flat());

/**
 * A schedule of one who halts the deployment: what he has open he closes during the halt, what waits to be sent and what
 * is approved then is refused; and then random steps, between which he does so again.
 */
export const haltingSchedule: fc.Arbitrary<Step[]> = fc
  .tuple(
    market,
    fc.array(
      fc.oneof({ weight: 3, arbitrary: step }, { weight: 1, arbitrary: plain('halt-all', 'resume-all') }),
      {
        minLength: 4,
        maxLength: 10,
      },
    ),
  )
  .map(([e, rest]) => [
    ...([{ ...e, side: 'buy' }, SETTLE, RECONCILE, { do: 'lose' }, e, SETTLE, { do: 'halt-all' }] as const),
    ...([
      RECONCILE,
      e,
      { ...e, do: 'close', side: 'sell' },
      SETTLE,
      { do: 'resume-all' },
      e,
      SETTLE,
    ] as const),
    ...rest,
  ]);

/** A schedule for a reader. */
export const said = (steps: readonly Step[]): string =>
  steps.map(({ do: name, ...rest }) => [name, ...Object.values(rest)].join(' ')).join('; ');
