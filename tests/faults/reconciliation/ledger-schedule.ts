// Random schedules of what may happen to the books of one account, each with a subject of its own (`ledger-courses.ts`).
import fc from 'fast-check';
import { INSTRUMENTS } from '../execution/schedule.ts';
import { LOOK, RARE_FAULTS, SETTLE, SNAPSHOT_FAULTS, SUBJECTS } from './ledger-courses.ts';
import { CHARGES, type Opener, type Side, type Step } from './ledger-step.ts';

const instrument = fc.constantFrom(...INSTRUMENTS);
const side = fc.constantFrom<Side>('buy', 'sell');
const nth = fc.integer({ min: 0, max: 7 });
const lots = fc.integer({ min: 1, max: 12 });
const amount = fc.integer({ min: 1, max: 900_000 });
const step = <T extends Step['do']>(
  name: T,
  fields: { [K in Exclude<keyof Extract<Step, { do: T }>, 'do'>]: fc.Arbitrary<Extract<Step, { do: T }>[K]> },
): fc.Arbitrary<Step> =>
  fc.record(fields as Record<string, fc.Arbitrary<unknown>>).map((rest) => ({ do: name, ...rest }) as Step);

const opened = step('open', {
  instrument,
  side,
  lots,
  stops: fc.boolean(),
  as: fc.constantFrom<Opener>('hand', 'hand', 'hand', 'program', 'orphan', 'twin'),
});
const approved = step('approve', {
  hours: fc.constantFrom(undefined, undefined, 2),
  ...{ instrument, side, stops: fc.boolean() },
  type: fc.constantFrom('market' as const, 'market' as const, 'limit' as const),
});
/** What takes a queue, a lease and a broker's answer: seldom, because others have schedules of their own for it. */
const ordered = fc.oneof(
  { weight: 3, arbitrary: approved },
  { weight: 1, arbitrary: step('close', { instrument, side }) },
);
const traded = fc.oneof(
  { weight: 5, arbitrary: opened },
  { weight: 3, arbitrary: step('out', { nth }) },
  { weight: 4, arbitrary: step('part', { nth }) },
  { weight: 2, arbitrary: step('turn', { instrument }) },
  { weight: 2, arbitrary: step('pair', { instrument, even: fc.boolean() }) },
  { weight: 2, arbitrary: step('stops', { nth, set: fc.boolean() }) },
  { weight: 2, arbitrary: step('place', { instrument, side, lots, expires: fc.boolean() }) },
  { weight: 1, arbitrary: step('shift', { nth }) },
  { weight: 1, arbitrary: step('take-back', { nth }) },
  { weight: 3, arbitrary: step('hit', { nth, what: fc.constantFrom('sl', 'tp', 'order') }) },
  { weight: 2, arbitrary: step('move', { instrument, permille: fc.integer({ min: -20, max: 20 }) }) },
);
const booked = fc.oneof(
  {
    weight: 4,
    arbitrary: step('cash', {
      what: fc.constantFrom('deposit', 'withdrawal', 'credit', 'credit-back'),
      amount,
    }),
  },
  { weight: 2, arbitrary: step('charge', { type: fc.constantFrom(...CHARGES), amount }) },
  { weight: 3, arbitrary: step('night', { nights: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: step('clock', { minutes: fc.integer({ min: -90, max: 90 }) }) },
  { weight: 2, arbitrary: step('cancel-deal', { nth }) },
  { weight: 2, arbitrary: step('ticket', { nth, deals: fc.boolean() }) },
  { weight: 1, arbitrary: step('boot', { emptyHistory: fc.integer({ min: 0, max: 1 }) }) },
);
const looked = fc.oneof(
  { weight: 8, arbitrary: fc.constant(LOOK) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'twice' }) },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'reconcile', wait: false }, { do: 'tick' }) },
);
const armed = fc
  .tuple(
    fc.constantFrom(...SNAPSHOT_FAULTS.filter((f) => !RARE_FAULTS.includes(f.kind))),
    fc.integer({ min: 1, max: 2 }),
  )
  .map(([f, times]): Step => ({ ...f, times }));

const anything: fc.Arbitrary<Step[]> = fc.oneof(
  { weight: 10, arbitrary: traded.map((s) => [s]) },
  { weight: 5, arbitrary: booked.map((s) => [s]) },
  { weight: 6, arbitrary: looked.map((s) => [s]) },
  { weight: 1, arbitrary: ordered.map((s) => [s, SETTLE]) },
  { weight: 4, arbitrary: fc.tuple(armed, looked).map((both) => both) },
);

/** Schedule number `index`: a subject, and random steps after it; when the subjects come round again also before it. */
export const scheduleOf = (index: number): fc.Arbitrary<Step[]> =>
  fc
    .tuple(
      fc.array(anything, { minLength: 0, maxLength: index < SUBJECTS.length ? 0 : 6 }),
      fc.array(anything, { minLength: 2, maxLength: 10 }),
    )
    .map(([before, after]) => [...before.flat(), ...(subjectOf(index)?.steps ?? []), ...after.flat()]);

const NETTING_EVERY = 3;
const subjectOf = (index: number) => SUBJECTS[index % SUBJECTS.length];
/** Whether the account of a schedule nets. */
export const nets = (index: number): boolean =>
  subjectOf(index)?.nets ?? index % NETTING_EVERY === NETTING_EVERY - 1;
