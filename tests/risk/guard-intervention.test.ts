import { describe, expect, it } from 'vitest';
import { orderedTrip, rearmed, stoppedTrip } from '../../functions/risk/guard-intervention.ts';
import type { GuardState } from '../../functions/risk/guard-state.ts';
import { GOLD, GuardCourse } from './guard-course.ts';

const order = (c: GuardCourse, cause: 'person' | 'stop-out' = 'person') =>
  ({ cause, tripId: 'ordered', scope: 'all', nowMs: c.nowMs }) as const;
/** The state of a course; there is one. */
const stateOf = ({ state }: GuardCourse): GuardState => {
  if (state === null) throw new Error('nothing was looked at');
  return state;
};

describe('a closing that a person orders', () => {
  it('begins at once, ends when nothing is left, and leaves the guard armed', () => {
    const c = new GuardCourse();
    c.open('buy', 1);
    c.look();
    const { kind, state, trip } = orderedTrip(c.state, order(c));
    expect(kind).toBe('begun');
    expect(trip).toMatchObject({ tripId: 'ordered', causes: ['person'], triggeredMs: c.nowMs, hard: true });
    c.state = state;
    c.look();
    expect(c.phase).toBe('tripped');
    c.closeAll();
    c.look();
    c.look();
    expect(c.said).toMatchObject([{ kind: 'flat', latched: false }]);
    expect(c.state).toMatchObject({ phase: 'armed', trip: null, endedTripId: 'ordered', peak: '1' });
  });

  it('joins the trip that is under way, and takes nothing from its latch', () => {
    const c = GuardCourse.warned({ scope: 'own' });
    const under = c.state?.trip?.tripId;
    const { kind, state, trip } = orderedTrip(c.state, order(c));
    expect(kind).toBe('joined');
    expect(trip).toMatchObject({ tripId: under, causes: ['drawdown', 'person'], scope: 'all' });
    c.state = state;
    c.closeAll();
    c.look();
    c.look();
    expect(c.phase).toBe('flat_latched');
  });

  it('of an account that nobody has seen yet is one all the same', () => {
    expect(orderedTrip(null, { ...order(new GuardCourse()), cause: 'stop-out' }).state).toMatchObject({
      ...{ phase: 'tripped', trip: { causes: ['stop-out'] } },
    });
  });

  it('binds where the guard itself is a shadow', () => {
    const c = GuardCourse.warned({ mode: 'shadow' });
    const { kind, state } = orderedTrip(c.state, order(c));
    expect(kind).toBe('begun');
    c.state = state;
    c.look();
    expect(c.state).toMatchObject({ phase: 'tripped', shadow: false, trip: { tripId: 'ordered' } });
    c.closeAll();
    c.look();
    c.look();
    expect(c.state).toMatchObject({ phase: 'armed', trip: null });
    c.look();
    expect(c.state?.shadow).toBe(true);
  });
});

describe('a closing that is stopped', () => {
  it('leaves what stands to its owner, and the latch where a guard was the cause', () => {
    const c = GuardCourse.warned();
    c.lookAnew(10_000);
    const stopped = stoppedTrip(stateOf(c));
    expect(stopped).toMatchObject({
      latched: true,
      state: { phase: 'flat_latched', trip: { stopped: true } },
    });
    c.state = stopped?.state ?? null;
    c.look();
    c.look();
    expect(c.phase).toBe('flat_latched');
    expect(rearmed(c.state)).toEqual({ kind: 'refused', reason: 'not-flat' });
  });

  it('is over where a person had ordered it; and there is none to stop otherwise', () => {
    const c = new GuardCourse();
    c.open('buy', 1);
    c.look();
    expect(stoppedTrip(stateOf(c))).toBeNull();
    const { state } = orderedTrip(c.state, order(c));
    expect(stoppedTrip(state)).toMatchObject({ latched: false, state: { phase: 'armed', trip: null } });
    expect(stoppedTrip(stateOf(GuardCourse.latched()))).toBeNull();
  });
});

describe('a latch', () => {
  it('is opened by a person, and the peak is what a unit is worth then', () => {
    const c = GuardCourse.latched({ floorEquity: '9000' });
    const opened = rearmed(c.state);
    expect(opened).toMatchObject({ kind: 'rearmed', trip: { causes: ['drawdown', 'floor'] } });
    c.state = opened.kind === 'rearmed' ? opened.state : null;
    expect(c.state).toMatchObject({
      phase: 'armed',
      trip: null,
      peak: '1',
      nav: '1',
      drawdownBps: 0,
      floor: null,
    });
    c.open('buy', 3);
    c.look();
    c.look();
    // The old peak, and a floor that lies above what is left, are of the past.
    expect(c.phase).toBe('armed');
    c.moveTo(c.equity().times('0.79'));
    c.look();
    expect(c.phase).toBe('suspect');
  });

  it('stays while anything is in scope, and there is none to open otherwise', () => {
    const c = GuardCourse.latched();
    c.orders = [{ ticket: '5', symbol: GOLD, ours: false }];
    c.look();
    expect(rearmed(c.state)).toEqual({ kind: 'refused', reason: 'not-latched' });
    expect(rearmed(GuardCourse.warned().state)).toEqual({ kind: 'refused', reason: 'not-latched' });
    expect(rearmed(null)).toEqual({ kind: 'refused', reason: 'not-latched' });
  });

  it('of an account without money opens on an empty one', () => {
    const c = GuardCourse.latched();
    c.pay(c.balance.times(-1));
    c.look();
    expect(rearmed(c.state)).toMatchObject({ state: { phase: 'empty' } });
  });

  it('that was opened is not closed again by what the bridge still says of that trip', () => {
    const c = GuardCourse.latched();
    const tripId = c.state?.trip?.tripId ?? '';
    const opened = rearmed(c.state);
    c.state = opened.kind === 'rearmed' ? opened.state : null;
    const said = { version: 1, phase: 'flat' as const, cause: 'ordered', equity: '7900', samples: 0 };
    const since = c.nowMs;
    c.bridge = { ...said, trip_id: tripId, since };
    c.look();
    expect(c.phase).toBe('armed');
    c.bridge = { ...said, trip_id: null, since };
    c.look();
    expect(c.phase).toBe('armed');
    c.bridge = { ...said, trip_id: null, since: since + 1 };
    c.look();
    expect(c.phase).toBe('tripped');
  });
});
