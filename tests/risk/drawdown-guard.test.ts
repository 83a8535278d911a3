import { describe, expect, it } from 'vitest';
import { GOLD, GuardCourse } from './guard-course.ts';

describe('the drawdown of domain 3.1', () => {
  it('is 15 % before and after as much again is paid in: not 0 % by a naive peak, and not 7.5 % by moving it', () => {
    const c = new GuardCourse();
    c.open('buy', 3);
    c.look();
    c.moveTo(8_500);
    c.look();
    expect(c.downBps).toBe(1_500);
    c.pay(10_000);
    expect(c.look().accepted).toBe(true);
    expect(c.equity().toString()).toBe('18500');
    expect(c.downBps).toBe(1_500);
    expect(c.state).toMatchObject({ peak: '1', nav: '0.85' });
  });

  it('is nothing when 3,000 of 10,000 are withdrawn: not 30 %', () => {
    const c = new GuardCourse();
    c.pay(-3_000);
    c.look();
    expect(c.downBps).toBe(0);
    expect(c.phase).toBe('armed');
    expect(c.heard()).toEqual([]);
  });

  it('counts what a credit brings and takes as flow', () => {
    const c = new GuardCourse();
    c.pay(5_000, 'credit');
    c.look();
    expect(c.state).toMatchObject({ nav: '1', peak: '1', units: '15000' });
    c.pay(-5_000, 'credit');
    c.look();
    expect(c.downBps).toBe(0);
    expect(c.phase).toBe('armed');
  });
});

describe('the warning level', () => {
  it('is told once at 15 %, and again only after the account was half a point clear of it', () => {
    const c = new GuardCourse();
    c.open('buy', 3);
    c.look();
    const at = (equity: number): string[] => {
      c.moveTo(equity);
      c.lookAnew();
      return c.heard();
    };
    expect(at(8_501)).toEqual([]);
    expect(at(8_500)).toEqual(['warn-level']);
    expect(at(8_400)).toEqual([]);
    expect(at(8_540)).toEqual([]);
    expect(at(8_490)).toEqual([]);
    expect(at(8_551)).toEqual([]);
    expect(at(8_500)).toEqual(['warn-level']);
  });
});

describe('the phases', () => {
  it('go from armed over suspect, warned and tripped to the latch, which a re-arming opens', () => {
    const c = new GuardCourse();
    c.open('buy', 3);
    c.orders = [{ ticket: '77', symbol: GOLD, ours: false }];
    c.look();
    c.moveTo(8_000);
    expect(c.look().resampleMs).toBe(2_000);
    expect(c.phase).toBe('suspect');
    c.lookAnew();
    expect(c.phase).toBe('warned');
    expect(c.state?.trip).toMatchObject({
      ...{ causes: ['drawdown'], hard: false, scope: 'all', triggeredMs: null },
      deadlineMs: c.nowMs + 10_000,
    });
    expect(c.state?.orders).toEqual([{ ticket: '77', symbol: GOLD, ours: false }]);
    c.lookAnew(9_999);
    expect(c.phase).toBe('warned');
    expect(c.lookAnew(1).effects).toMatchObject([{ kind: 'tripped', shadow: false, again: false }]);
    expect(c.state?.trip?.triggeredMs).toBe(c.nowMs);
    c.closeAll();
    c.look();
    expect(c.phase).toBe('tripped');
    expect(c.look().effects).toMatchObject([{ kind: 'flat', latched: true }]);
    expect(c.phase).toBe('flat_latched');
    for (let i = 0; i < 50; i += 1) c.look(86_400_000);
    expect(c.phase).toBe('flat_latched');
    expect(c.heard()).toEqual(['suspect', 'warned', 'tripped', 'flat']);
  });

  it('clear a suspicion that the next sample does not share', () => {
    const c = new GuardCourse();
    c.open('buy', 3);
    c.look();
    c.moveTo(7_990);
    c.look();
    c.moveTo(8_010);
    c.look();
    expect(c.phase).toBe('armed');
    expect(c.heard()).toEqual(['suspect', 'cleared', 'warn-level']);
  });

  it('want two samples at least 1 s and at most 15 s apart, the second with a newer quote of what loses', () => {
    const begun = (): GuardCourse => {
      const c = new GuardCourse();
      c.open('buy', 3);
      c.look();
      c.moveTo(7_900);
      c.look();
      return c;
    };
    const soon = begun();
    soon.lookAnew(999);
    expect(soon.phase).toBe('suspect');
    soon.lookAnew(1);
    expect(soon.phase).toBe('warned');
    const late = begun();
    late.lookAnew(15_001);
    expect(late.phase).toBe('suspect');
    late.lookAnew(15_000);
    expect(late.phase).toBe('warned');
    const still = begun();
    for (let i = 0; i < 6; i += 1) expect(still.look().resampleMs).toBe(2_000);
    // The market is closed: it goes on at the schedule's pace.
    for (let i = 0; i < 20; i += 1) still.look(2_000);
    expect(still.look(60_000).resampleMs).toBeNull();
    expect(still.phase).toBe('suspect');
    expect(still.heard()).toEqual(['suspect']);
  });

  it('take a market that ticks each minute for what it is', () => {
    const c = new GuardCourse();
    c.open('buy', 3);
    c.look();
    c.moveTo(7_900);
    c.look();
    c.lookAnew(60_000);
    expect(c.phase).toBe('suspect');
    c.look();
    expect(c.phase).toBe('warned');
  });

  it('need no quote where nothing is open: a realised loss is one', () => {
    const c = new GuardCourse();
    const id = c.open('buy', 3);
    c.look();
    c.moveTo(7_600);
    c.close(id);
    c.look();
    expect(c.phase).toBe('suspect');
    c.look();
    expect(c.phase).toBe('warned');
    c.look(10_000);
    c.look();
    c.look();
    expect(c.phase).toBe('flat_latched');
  });

  it('execute at once what is 5 points beyond the trip, or near the broker’s own stop-out', () => {
    const c = new GuardCourse();
    c.open('buy', 30);
    c.look();
    c.moveTo(7_500);
    expect(c.look().effects.map((e) => e.kind)).toEqual(['warned', 'tripped']);
    expect(c.state?.trip).toMatchObject({ hard: true, deadlineMs: c.nowMs, triggeredMs: c.nowMs });
    const near = new GuardCourse();
    near.open('buy', 30);
    near.look();
    near.moveTo(7_990);
    near.margin = { level: '54.99', stopOut: '50' };
    near.look();
    expect(near.phase).toBe('tripped');
    const far = new GuardCourse();
    far.open('buy', 30);
    far.look();
    far.moveTo(7_990);
    far.margin = { level: '55', stopOut: '50' };
    far.look();
    expect(far.phase).toBe('suspect');
    // Margin alone is no loss: a broker may ask for more of it overnight.
    const dear = new GuardCourse();
    dear.open('buy', 30);
    dear.margin = { level: '51', stopOut: '50' };
    dear.look();
    expect(dear.phase).toBe('armed');
  });

  it('execute at once a breach that deepens while a person is asked', () => {
    const c = GuardCourse.warned();
    c.moveTo(7_499);
    c.look();
    expect(c.phase).toBe('tripped');
  });

  it('give no time where the settings give none', () => {
    expect(GuardCourse.warned({ warningMs: 0 }).phase).toBe('tripped');
  });

  it('go back when two samples in a row are half a point clear of the trip', () => {
    const c = GuardCourse.warned();
    c.heard();
    c.moveTo(8_049);
    c.look();
    c.look();
    expect(c.phase).toBe('warned');
    c.moveTo(8_051);
    c.look(1_000);
    expect(c.phase).toBe('warned');
    c.moveTo(8_000);
    c.look(1_000);
    c.moveTo(8_100);
    c.look(1_000);
    expect(c.phase).toBe('warned');
    c.look(1_000);
    expect(c.phase).toBe('armed');
    expect(c.heard()).toEqual(['revoked']);
  });

  it('do not go back where the settings say so, nor at the deadline, nor by a sample that was not judged', () => {
    const recovering = (c: GuardCourse): GuardCourse => {
      c.moveTo(9_000);
      c.look(1_000);
      return c;
    };
    const never = recovering(GuardCourse.warned({ abortOnRecovery: false }));
    never.look(1_000);
    expect(never.phase).toBe('warned');
    const late = recovering(GuardCourse.warned());
    late.look(9_000);
    expect(late.phase).toBe('tripped');
    const unread = recovering(GuardCourse.warned());
    unread.look(1_000, { equity: 'NaN' });
    expect(unread.phase).toBe('warned');
    unread.look(8_000, { equity: 'NaN' });
    expect(unread.phase).toBe('tripped');
  });

  it('stay tripped while anything in scope stands, and come back to it when something stands there again', () => {
    const c = GuardCourse.warned();
    c.lookAnew(10_000);
    const [left] = c.positions;
    c.closeAll();
    c.look();
    if (left) c.positions = [left];
    c.look();
    c.positions = [];
    c.orders = [{ ticket: '9', symbol: GOLD, ours: true }];
    c.look();
    c.look();
    expect(c.phase).toBe('tripped');
    c.orders = [];
    c.look();
    c.look();
    expect(c.phase).toBe('flat_latched');
    c.heard();
    c.open('buy', 0.1, GOLD, false);
    c.look();
    expect(c.phase).toBe('tripped');
    expect(c.said).toMatchObject([{ kind: 'tripped', again: true }]);
  });

  it('count what is ours alone in the scope `own`', () => {
    const c = GuardCourse.warned({ scope: 'own' });
    c.open('sell', 0.1, GOLD, false);
    c.orders = [{ ticket: '9', symbol: GOLD, ours: false }];
    c.lookAnew(10_000);
    expect(c.state).toMatchObject({ phase: 'tripped', inScope: 1, orders: [] });
    c.close('1');
    c.look();
    c.look();
    expect(c.positions).toHaveLength(1);
    expect(c.phase).toBe('flat_latched');
  });

  it('ask for samples soon while it closes, and less often when that takes long', () => {
    const c = GuardCourse.warned();
    expect(c.lookAnew(10_000).resampleMs).toBe(2_000);
    expect(c.lookAnew(60_000).resampleMs).toBe(10_000);
    expect(c.lookAnew(600_000).resampleMs).toBeNull();
  });
});
