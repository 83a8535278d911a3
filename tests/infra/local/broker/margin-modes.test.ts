// Netting and exchange accounts, first-in-first-out accounts: one position a symbol, its reversal, orders that wait.
import { expect, test } from 'vitest';
import { EngineFixture } from './engine-fixture.ts';

test('netting: a deal that only reduces passes a close-only symbol, one that would reverse does not', () => {
  const fixture = new EngineFixture({ marginMode: 'netting' });
  const opened = fixture.market('buy', '0.2');
  fixture.engine.changeSymbol('EURUSD', { trade_mode: 'close_only' });
  expect(fixture.market('buy', '0.1').retcode).toBe(10044);
  expect(fixture.market('sell', '0.3').retcode).toBe(10044);
  expect(fixture.market('sell', '0.05').retcode).toBe(10009);
  expect(fixture.deals().at(-1)).toMatchObject({ entry: 'out', position_id: opened.order });
  expect(fixture.positions()).toMatchObject([{ volume: '0.15', price_open: '1.08508' }]);
});

test('netting: a pending order of the other side nets the position instead of standing beside it', () => {
  const fixture = new EngineFixture({ marginMode: 'netting' });
  const opened = fixture.market('buy', '0.1');
  fixture.pending('sell_limit', '0.3', '1.086');
  fixture.tick('EURUSD', '1.087');
  expect(fixture.deals().at(-1)).toMatchObject({ entry: 'inout', price: '1.087', profit: '19.2' });
  expect(fixture.positions()).toMatchObject([
    { identifier: opened.order, type: 'sell', volume: '0.2', price_open: '1.087' },
  ]);
});

test('exchange: a market order goes by RETURN and its rest waits for the next price', () => {
  const fixture = new EngineFixture({ marginMode: 'exchange' });
  fixture.arm('partial_fill');
  const opened = fixture.market('buy', '0.2', { price: '1.08', deviation_points: 0 });
  expect(opened).toMatchObject({ retcode: 10010, volume: '0.1' });
  expect(fixture.orders()).toMatchObject([
    { ticket: opened.order, type: 'buy', state: 'partial', volume_current: '0.1', type_filling: 'return' },
  ]);
  fixture.tick('EURUSD', '1.0851');
  expect(fixture.orders()).toEqual([]);
  expect(fixture.history(opened.order)).toMatchObject({ state: 'filled', volume_current: '0' });
  expect(fixture.positions()).toMatchObject([
    { identifier: opened.order, volume: '0.2', price_open: '1.08513' },
  ]);
  const turned = fixture.market('sell', '0.5');
  expect(fixture.positions()).toMatchObject([
    { identifier: opened.order, ticket: turned.order, type: 'sell', volume: '0.3' },
  ]);
});

test('exchange: the rest of a close dies with its position, it never opens the other way', () => {
  const fixture = new EngineFixture({ marginMode: 'exchange' });
  const opened = fixture.market('buy', '0.2');
  fixture.arm('partial_fill');
  const closing = fixture.market('sell', '0.2', { position: opened.order });
  expect(closing).toMatchObject({ retcode: 10010, volume: '0.1' });
  fixture.market('sell', '0.1');
  expect(fixture.positions()).toEqual([]);
  fixture.tick('EURUSD', '1.086');
  expect(fixture.positions()).toEqual([]);
  expect(fixture.history(closing.order)).toMatchObject({ state: 'canceled', volume_current: '0.1' });
});

test('partial fills by FOK, IOC and RETURN: refused whole, ended in part, only allowed where they exist', () => {
  const fixture = new EngineFixture();
  fixture.arm('partial_fill', 2);
  expect(fixture.market('buy', '0.2', { filling: 'fok' })).toMatchObject({ retcode: 10006, order: null });
  expect(fixture.positions()).toEqual([]);
  const part = fixture.market('buy', '0.2', { filling: 'ioc' });
  expect(part).toMatchObject({ retcode: 10010, volume: '0.1' });
  expect(fixture.orders()).toEqual([]);
  expect(fixture.history(part.order)).toMatchObject({ state: 'partial', volume_current: '0.1' });
  expect(fixture.market('buy', '0.2', { filling: 'return' }).retcode).toBe(10030);
  const gold = { symbol: 'GOLD.m', filling: 'fok' } as const;
  expect(fixture.market('buy', '0.1', gold).retcode).toBe(10030);
  expect(fixture.market('buy', '0.1', { ...gold, filling: 'ioc' }).retcode).toBe(10009);
});

test('a FIFO account closes its oldest position first and holds no opposite one', () => {
  const fixture = new EngineFixture({ account: { fifo_close: true } });
  const first = fixture.market('buy', '0.1');
  const second = fixture.market('buy', '0.1');
  expect(fixture.market('sell', '0.1').retcode).toBe(10046);
  expect(fixture.market('sell', '0.1', { position: second.order }).retcode).toBe(10045);
  expect(fixture.market('sell', '0.1', { position: first.order }).retcode).toBe(10009);
  expect(fixture.market('sell', '0.1', { position: second.order }).retcode).toBe(10009);
});

test('trade modes of a symbol: one side only, closing only, not at all', () => {
  const fixture = new EngineFixture();
  const long = fixture.market('buy', '0.1');
  const codes = (trade_mode: 'long_only' | 'short_only' | 'close_only' | 'disabled') => {
    fixture.engine.changeSymbol('EURUSD', { trade_mode });
    return [fixture.market('buy', '0.1').retcode, fixture.pending('sell_limit', '0.1', '1.09').retcode];
  };
  expect(codes('long_only')).toEqual([10009, 10042]);
  expect(codes('short_only')).toEqual([10043, 10008]);
  expect(codes('close_only')).toEqual([10044, 10044]);
  expect(fixture.market('sell', '0.05', { position: long.order }).retcode).toBe(10009);
  expect(codes('disabled')).toEqual([10017, 10017]);
  expect(fixture.market('sell', '0.05', { position: long.order }).retcode).toBe(10017);
});

test('requotes: a price that ran away, judged by instant execution alone', () => {
  const fixture = new EngineFixture();
  const late = { price: '1.085', deviation_points: 5 };
  expect(fixture.market('buy', '0.1', late).retcode).toBe(10004);
  expect(fixture.market('buy', '0.1', { ...late, deviation_points: 8 }).retcode).toBe(10009);
  fixture.engine.changeSymbol('EURUSD', { execution: 'market' });
  expect(fixture.market('buy', '0.1', late)).toMatchObject({ retcode: 10009, price: '1.08508' });
});
