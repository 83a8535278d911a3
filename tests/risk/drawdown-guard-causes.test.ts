// What else than a fall trips the guard or ends its watch: no money, the floor, daily rules, the bridge, and its own modes.
import { describe, expect, it } from 'vitest';
import { boundPhase } from '../../functions/risk/guard-state.ts';
import { GuardCourse } from './guard-course.ts';

describe('an account without money', () => {
  it('is empty after everything was withdrawn, and begins anew with the next deposit', () => {
    const c = new GuardCourse();
    c.pay(-10_000);
    c.look();
    expect(c.phase).toBe('empty');
    expect(c.heard()).toEqual(['emptied']);
    c.look();
    c.pay(2_000);
    c.look();
    expect(c.state).toMatchObject({ phase: 'armed', units: '2000', nav: '1', peak: '1', drawdownBps: 0 });
  });

  it('is empty when all was lost and closed; a deposit in the same moment is the beginning of another', () => {
    const c = new GuardCourse();
    c.balance = c.balance.minus(10_050);
    c.booked = c.booked.minus(10_050);
    c.look();
    expect(c.phase).toBe('empty');
    const again = new GuardCourse();
    again.balance = again.balance.minus(10_050);
    again.booked = again.booked.minus(10_050);
    again.pay(5_000);
    again.look();
    expect(again.heard()).toEqual(['emptied']);
    expect(again.state).toMatchObject({ phase: 'armed', units: '4950', peak: '1' });
  });

  it('does not disarm while something is open: nothing left is a breach that leaves no time', () => {
    for (const equity of [0, -300]) {
      const c = new GuardCourse();
      c.open('buy', 200);
      c.look();
      c.moveTo(equity);
      c.look();
      expect(c.phase).toBe('tripped');
      expect(c.state?.trip?.causes).toContain('equity');
    }
    const paidIn = new GuardCourse();
    paidIn.open('buy', 200);
    paidIn.look();
    paidIn.moveTo(-300);
    paidIn.pay(5_000);
    paidIn.look();
    expect(paidIn.phase).toBe('tripped');
    expect(paidIn.state).toMatchObject({ drawdownBps: 10_000, units: '0' });
  });

  it('keeps its latch', () => {
    const c = GuardCourse.latched();
    c.pay(c.balance.times(-1));
    c.look();
    c.pay(1_000);
    c.look();
    expect(c.phase).toBe('flat_latched');
  });
});

describe('the floor', () => {
  const floored = (equity: string): GuardCourse => new GuardCourse(10_000, { floorEquity: equity });

  it('closes below it once it was reached, with something open', () => {
    const c = floored('9500');
    c.open('buy', 3);
    c.look();
    c.moveTo(9_499);
    c.look();
    c.lookAnew();
    expect(c.state?.trip?.causes).toEqual(['floor']);
    const never = floored('10500');
    never.open('buy', 3);
    never.look();
    never.moveTo(9_900);
    never.look();
    never.lookAnew();
    expect(never.phase).toBe('armed');
    const flat = floored('9500');
    flat.balance = flat.balance.minus(600);
    flat.booked = flat.booked.minus(600);
    flat.look();
    flat.look();
    expect(flat.phase).toBe('armed');
  });

  it('is taken away by a withdrawal below it, with a notice, and counts again once it is reached again', () => {
    const c = floored('9500');
    c.open('buy', 3);
    c.look();
    c.pay(-1_000);
    c.look();
    c.lookAnew();
    expect(c.phase).toBe('armed');
    expect(c.heard()).toEqual(['floor-disarmed']);
    c.pay(1_000);
    c.look();
    c.moveTo(9_400);
    c.look();
    expect(c.phase).toBe('suspect');
  });

  it('is not taken away by a loss beside a withdrawal', () => {
    const c = floored('9500');
    c.open('buy', 3);
    c.look();
    c.moveTo(9_450);
    c.pay(-100);
    c.look();
    expect(c.phase).toBe('suspect');
  });
});

describe('daily rules', () => {
  const DAY = 86_400_000;
  const limited = (c: GuardCourse): number => {
    const resetsAtMs = c.nowMs + DAY;
    c.limits = [{ name: 'day', actBelow: '9600', breachBelow: '9500', resetsAtMs }];
    return resetsAtMs;
  };

  it('trip as the drawdown does, and arm again by themselves at the reset', () => {
    const c = new GuardCourse();
    c.open('buy', 3);
    c.look();
    const resetsAtMs = limited(c);
    c.moveTo(9_599);
    c.look();
    c.lookAnew();
    expect(c.state?.trip).toMatchObject({ causes: ['daily:day'], resetsAtMs });
    c.lookAnew(10_000);
    c.closeAll();
    c.look();
    c.look();
    expect(c.phase).toBe('flat_latched');
    c.look(resetsAtMs - c.nowMs - 1);
    expect(c.phase).toBe('flat_latched');
    c.limits = [{ name: 'day', actBelow: '9200', breachBelow: '9100', resetsAtMs: resetsAtMs + DAY }];
    c.heard();
    const { effects } = c.look(1);
    expect(effects).toMatchObject([{ kind: 'rearmed', by: 'reset' }]);
    // What was lost of the peak is lost: a day that begins anew does not excuse it.
    expect(c.state).toMatchObject({ phase: 'armed', peak: '1', trip: null });
    expect(c.downBps).toBeGreaterThan(400);
  });

  it('leave the latch to a person where the drawdown came with them', () => {
    const c = new GuardCourse();
    c.open('buy', 3);
    c.look();
    limited(c);
    c.moveTo(9_599);
    c.look();
    c.lookAnew();
    c.moveTo(7_990);
    c.look();
    expect(c.state?.trip).toMatchObject({ causes: ['daily:day', 'drawdown'], resetsAtMs: null });
    c.lookAnew(10_000);
    c.closeAll();
    c.look();
    c.look();
    c.limits = [];
    c.look(2 * DAY);
    expect(c.phase).toBe('flat_latched');
  });
});

describe('the bridge’s own guard', () => {
  const report = (phase: 'closing' | 'flat', since: number, trip: string | null = null) => ({
    ...{ version: 3, phase, trip_id: trip, since, cause: 'hard-drawdown', equity: '7400', samples: 2 },
  });

  it('that closes by itself has tripped ours, once', () => {
    const c = new GuardCourse();
    c.bridge = report('closing', c.nowMs);
    c.look();
    expect(c.heard()).toEqual(['warned', 'tripped']);
    expect(c.state?.trip).toMatchObject({ causes: ['bridge'], hard: true, triggeredMs: c.nowMs });
    c.bridge = report('flat', c.bridge.since ?? 0);
    c.look();
    c.look();
    expect(c.phase).toBe('flat_latched');
    expect(c.heard()).toEqual(['flat']);
  });

  it('that closes for a warning of ours has triggered it, also one that was taken back meanwhile', () => {
    const c = GuardCourse.warned();
    const id = c.state?.trip?.tripId ?? '';
    c.bridge = report('closing', c.nowMs, id);
    c.look();
    expect(c.state).toMatchObject({ phase: 'tripped', trip: { tripId: id, causes: ['drawdown'] } });
    const back = GuardCourse.warned();
    const revoked = back.state?.trip?.tripId ?? '';
    back.moveTo(9_000);
    back.look(1_000);
    back.look(1_000);
    expect(back.phase).toBe('armed');
    back.bridge = report('closing', back.nowMs, revoked);
    back.look();
    expect(back.phase).toBe('tripped');
  });

  it('that only watches or warns says nothing about us', () => {
    const c = new GuardCourse();
    for (const phase of ['idle', 'warned'] as const) {
      c.bridge = { ...report('closing', c.nowMs), phase };
      c.look();
      expect(c.phase).toBe('armed');
    }
  });
});

describe('a guard in shadow, or off', () => {
  it('says what it would have done, keeps nobody out, and watches again once the account was flat', () => {
    const c = GuardCourse.warned({ mode: 'shadow' });
    c.lookAnew(10_000);
    expect(c.phase).toBe('tripped');
    expect(c.state && boundPhase(c.state)).toBe('armed');
    c.closeAll();
    c.look();
    c.look();
    expect(c.said.every((e) => e.shadow)).toBe(true);
    expect(c.heard()).toEqual(['suspect', 'warned', 'tripped', 'flat']);
    expect(c.state).toMatchObject({ phase: 'armed', drawdownBps: 0, peak: '1' });
  });

  it('says once what a daily rule would have done, until its reset, and lets people trade on', () => {
    const c = new GuardCourse(10_000, { mode: 'shadow' });
    const resetsAtMs = c.nowMs + 86_400_000;
    c.limits = [{ name: 'day', actBelow: '9600', breachBelow: '9500', resetsAtMs }];
    const id = c.open('buy', 3);
    c.look();
    c.moveTo(9_500);
    c.look();
    c.lookAnew();
    c.lookAnew(10_000);
    c.close(id);
    for (let i = 0; i < 10; i += 1) {
      if (i === 5) c.open('buy', 1);
      c.lookAnew(60_000);
    }
    expect(c.heard()).toEqual(['suspect', 'warned', 'tripped', 'flat']);
    expect(c.state && boundPhase(c.state)).toBe('armed');
    c.limits = [];
    c.look(resetsAtMs - c.nowMs);
    expect(c.heard()).toEqual(['rearmed']);
  });

  it('that is switched off takes back what it had warned of, and still knows the peak', () => {
    const c = GuardCourse.warned();
    c.heard();
    c.settings = { ...c.settings, mode: 'off' };
    c.look();
    expect(c.heard()).toEqual(['revoked']);
    c.moveTo(5_000);
    c.look();
    c.lookAnew();
    c.lookAnew();
    expect(c.phase).toBe('armed');
    expect(c.downBps).toBe(5_000);
    expect(c.heard()).toEqual([]);
  });

  it('opens no trip that is under way and no latch when it is switched off or into shadow', () => {
    for (const mode of ['off', 'shadow'] as const) {
      const tripped = GuardCourse.warned();
      tripped.lookAnew(10_000);
      tripped.settings = { ...tripped.settings, mode };
      tripped.look();
      expect(tripped.state).toMatchObject({ phase: 'tripped', shadow: false });
      const latched = GuardCourse.latched();
      latched.settings = { ...latched.settings, mode };
      latched.look();
      expect(latched.state && boundPhase(latched.state)).toBe('flat_latched');
    }
  });
});
