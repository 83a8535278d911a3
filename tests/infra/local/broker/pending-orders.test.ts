// The life of pending orders: stop-limits, fillings, changes, and expiry in the server's own time.
import { expect, test } from 'vitest';
import { dec } from '../../../../infra/local/broker/decimal.ts';
import { EngineFixture } from './engine-fixture.ts';

const HOUR_MS = 3_600_000;
const ms = (iso: string) => Date.parse(iso);
const quoteAt = (fixture: EngineFixture, iso: string, bid: string) =>
  fixture.engine.quote('EURUSD', { bid: dec(bid), ask: null }, ms(iso));

test('a stop-limit becomes a limit under the same ticket and fills at its own price or better', () => {
  const fixture = new EngineFixture();
  const placed = fixture.pending('buy_stop_limit', '0.1', '1.087', { price_stoplimit: '1.0865' });
  fixture.tick('EURUSD', '1.08692');
  expect(fixture.positions()).toEqual([]);
  expect(fixture.orders()).toMatchObject([
    { ticket: placed.order, type: 'buy_limit', price_open: '1.0865', price_stoplimit: null },
  ]);
  fixture.tick('EURUSD', '1.0864');
  expect(fixture.positions()).toMatchObject([{ identifier: placed.order, price_open: '1.08648' }]);
});

test('a stop-limit needs its limit on the better side, and no other order may have one', () => {
  const fixture = new EngineFixture();
  const codes = [
    fixture.pending('buy_stop_limit', '0.1', '1.087').retcode,
    fixture.pending('buy_stop_limit', '0.1', '1.087', { price_stoplimit: '1.0871' }).retcode,
    fixture.pending('sell_stop_limit', '0.1', '1.083', { price_stoplimit: '1.0829' }).retcode,
    fixture.pending('buy_limit', '0.1', '1.08', { price_stoplimit: '1.07' }).retcode,
    fixture.pending('sell_stop_limit', '0.1', '1.083', { price_stoplimit: '1.0835' }).retcode,
  ];
  expect(codes).toEqual([10015, 10015, 10015, 10015, 10008]);
});

test('a pending IOC drops what it cannot get, FOK goes away whole, BOC is for limits of symbols that have it', () => {
  const fixture = new EngineFixture();
  const ioc = fixture.pending('buy_limit', '0.2', '1.08', { filling: 'ioc' });
  const fok = fixture.pending('buy_limit', '0.2', '1.079', { filling: 'fok' });
  fixture.arm('partial_fill', 2);
  fixture.tick('EURUSD', '1.0799');
  expect(fixture.history(ioc.order)).toMatchObject({ state: 'canceled', volume_current: '0.1' });
  fixture.tick('EURUSD', '1.0788');
  expect(fixture.history(fok.order)).toMatchObject({ state: 'canceled', volume_current: '0.2' });
  expect(fixture.positions()).toMatchObject([{ identifier: ioc.order, volume: '0.1' }]);
  const boc = () => fixture.pending('buy_limit', '0.1', '1.07', { filling: 'boc' }).retcode;
  expect(boc()).toBe(10030);
  fixture.engine.changeSymbol('EURUSD', { filling_modes: ['boc'] });
  expect(boc()).toBe(10008);
  expect(fixture.pending('sell_stop', '0.1', '1.07', { filling: 'boc' }).retcode).toBe(10030);
});

test('a working order is moved, judged like a new one, and says when nothing changed', () => {
  const fixture = new EngineFixture();
  const { order } = fixture.pending('buy_limit', '0.1', '1.08', { sl: '1.07' });
  const modify = (more: object) => fixture.send({ action: 'modify', order, ...more }).retcode;
  expect(modify({ price: '1.081', tp: '1.09' })).toBe(10009);
  expect(fixture.orders()).toMatchObject([{ price_open: '1.081', sl: '1.07', tp: '1.09' }]);
  expect(modify({ price: '1.081' })).toBe(10025);
  expect(modify({ price: '1.09' })).toBe(10015);
  expect(modify({ sl: '1.082' })).toBe(10016);
  expect(modify({ expiration: 1 })).toBe(10022);
  expect(modify({ sl: null })).toBe(10009);
  expect(fixture.orders()).toMatchObject([{ price_open: '1.081', sl: null, tp: '1.09' }]);
  expect(modify({ order: '1' })).toBe(10035);
});

test.each([
  ['NY+7', '2026-03-10T20:59:59Z', 3],
  ['EET', '2026-03-10T21:59:59Z', 2],
])('DAY ends at 23:59:59 of the day of a %s server', (serverTz, end, offsetHours) => {
  const fixture = new EngineFixture({ serverTz, nowMs: ms('2026-03-10T12:00:00Z') });
  const { order } = fixture.pending('buy_limit', '0.1', '1.08', { type_time: 'day' });
  fixture.engine.setClock(ms(end) - 1000);
  expect(fixture.orders()).toHaveLength(1);
  fixture.engine.setClock(ms(end));
  expect(fixture.history(order)).toMatchObject({
    state: 'expired',
    type_time: 'day',
    time_done: ms(end) + offsetHours * HOUR_MS,
  });
});

test('SPECIFIED_DAY lives to the end of the named server day', () => {
  const fixture = new EngineFixture();
  const noon = ms('2026-03-05T12:00:00Z') + 2 * HOUR_MS;
  const terms = { type_time: 'specified_day', expiration: noon } as const;
  const { order } = fixture.pending('buy_limit', '0.1', '1.08', terms);
  fixture.hold('2026-03-05T21:59:58Z');
  expect(fixture.orders()).toHaveLength(1);
  fixture.hold('2026-03-05T21:59:59Z');
  expect(fixture.history(order)).toMatchObject({ state: 'expired' });
});

test('an order that falls due at the weekend lives for the first tick of the next session and no longer', () => {
  const saturday = ms('2026-03-07T06:00:00Z') + 2 * HOUR_MS;
  const start = () => {
    const fixture = new EngineFixture({ nowMs: ms('2026-03-06T12:00:00Z') });
    fixture.engine.changeSymbol('EURUSD', { market: 'sessions' });
    const { order } = fixture.pending('buy_limit', '0.1', '1.08', { expiration: saturday });
    fixture.hold('2026-03-08T20:59:59Z');
    expect(fixture.orders()).toHaveLength(1);
    return { fixture, order };
  };
  const hit = start();
  quoteAt(hit.fixture, '2026-03-08T21:00:10Z', '1.0799');
  expect(hit.fixture.positions()).toMatchObject([{ identifier: hit.order }]);
  const missed = start();
  quoteAt(missed.fixture, '2026-03-08T21:00:10Z', '1.085');
  expect(missed.fixture.history(missed.order)).toMatchObject({
    state: 'expired',
    time_done: ms('2026-03-09T00:00:10Z'),
  });
  const quiet = start();
  quiet.fixture.hold('2026-03-08T21:01:00Z');
  expect(quiet.fixture.history(quiet.order)).toMatchObject({ state: 'expired' });
});

test('a symbol may refuse a kind of lifetime', () => {
  const fixture = new EngineFixture({ balance: '100000' });
  const order = { symbol: 'US500', expiration: ms('2026-03-20T12:00:00Z') };
  expect(fixture.pending('buy_limit', '1', '5100', order).retcode).toBe(10022);
  expect(fixture.pending('buy_limit', '1', '5100', { symbol: 'US500', type_time: 'day' }).retcode).toBe(
    10008,
  );
});
