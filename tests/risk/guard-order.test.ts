import { describe, expect, it } from 'vitest';
import { guardOrder as orderSchema } from '../../functions/bridge/bridge-protocol.ts';
import { isoTime } from '../../functions/platform/clock.ts';
import { guardOrder } from '../../functions/risk/guard-order.ts';
import { GuardCourse } from './guard-course.ts';

const ACCOUNT = { version: 7, login: '12', server: 'Demo', namespace: 3, bookedTo: '991' };
const orderOf = (c: GuardCourse) => guardOrder(c.settings, c.state, ACCOUNT);

describe('what a bridge is told to guard', () => {
  it('is nothing before the first sample', () => {
    const c = new GuardCourse();
    expect(guardOrder(c.settings, null, ACCOUNT)).toBeNull();
    c.state = null;
    c.look(2_000, { equity: 'NaN' });
    expect(orderOf(c)).toBeNull();
  });

  it('is the units, the peak and the bounds of the cloud, and the balance that belongs to them', () => {
    const c = new GuardCourse(10_000, { floorEquity: '6000' });
    c.open('buy', 3);
    c.look();
    c.moveTo(8_500);
    c.look();
    c.pay(10_000);
    c.look(2_000, { bookedTo: '1002' });
    const order = orderOf(c);
    expect(order).toEqual({
      ...{ version: 7, login: '12', server: 'Demo', namespace: 3, armed: true, scope: 'all', peak: '1' },
      units: expect.stringMatching(/^21764\.7058823529/),
      ...{ balance: '20000', credit: '0', booked_to: '1002', trip_bps: 2_000, hard_bps: 2_500 },
      ...{ equity_floor: '6000', warning_ms: 10_000, close: null, latched: false },
    });
    expect(orderSchema.parse(order)).toEqual(order);
  });

  it('goes by the last balance whose deals are all there', () => {
    const c = new GuardCourse();
    c.look(2_000, { bookedTo: '5' });
    c.pay(-4_000, 'deal');
    c.look(2_000, { bookedTo: '6' });
    c.look(6_000, { bookedTo: '6' });
    expect(orderOf(c)).toMatchObject({ balance: '10000', booked_to: '5', units: '10000' });
    c.pay(-4_000, 'money');
    c.look(2_000, { bookedTo: '6' });
    expect(orderOf(c)).toMatchObject({ balance: '6000', booked_to: '6', units: '6000' });
  });

  it('orders the closing with the warning, from its deadline on, and takes it back with it', () => {
    const c = GuardCourse.warned();
    const trip = c.state?.trip;
    expect(orderOf(c)?.close).toEqual({
      trip_id: trip?.tripId,
      not_before: isoTime(trip?.deadlineMs ?? 0),
      revocable: true,
    });
    c.moveTo(9_000);
    c.look(1_000);
    c.look(1_000);
    expect(orderOf(c)).toMatchObject({ close: null, armed: true });
    const last = GuardCourse.warned({ abortOnRecovery: false });
    expect(orderOf(last)?.close?.revocable).toBe(false);
  });

  it('goes on ordering it while something stands, and then the latch', () => {
    const c = GuardCourse.warned();
    c.lookAnew(10_000);
    expect(orderOf(c)).toMatchObject({
      close: { revocable: false, not_before: isoTime(c.nowMs) },
      latched: false,
    });
    c.closeAll();
    c.look();
    c.look();
    expect(orderOf(c)).toMatchObject({ close: null, latched: true });
  });

  it('is nothing to close in shadow or switched off, nor a floor that was never reached', () => {
    for (const mode of ['shadow', 'off'] as const)
      expect(orderOf(GuardCourse.warned({ mode }))).toMatchObject({
        armed: false,
        close: null,
        latched: false,
      });
    expect(orderOf(new GuardCourse(10_000, { floorEquity: '20000' }))?.equity_floor).toBeNull();
    const empty = new GuardCourse();
    empty.pay(-10_000);
    empty.look();
    expect(orderOf(empty)).toMatchObject({ armed: false, units: '0' });
  });

  it('bounds what is hard at everything', () => {
    expect(orderOf(new GuardCourse(10_000, { tripBps: 9_800 }))?.hard_bps).toBe(10_000);
  });
});
