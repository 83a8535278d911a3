// The control endpoint's newer verbs: hands at the terminal, the broker's own corrections, symbols, one account's state.
import { expect, test } from 'vitest';
import { answerControl } from '../../../../infra/local/broker/control-server.ts';
import { inMemoryBroker } from '../../../../infra/local/broker/in-memory-broker.ts';
import type { Reply } from './bridge-caller.ts';

const LOGIN = '1001';

function start() {
  const host = inMemoryBroker({ seed: 7, nowMs: Date.parse('2026-03-03T10:00:00Z') });
  const ask = (route: string, body: object = {}) => {
    const answer = answerControl(host, route, body);
    return { status: answer.status, json: answer.body as Reply & Record<string, string> };
  };
  const post = (path: string, body: object = {}) => ask(`POST ${path}`, body);
  const trade = (body: object) => post('/manual-trade', { login: LOGIN, ...body });
  const terms = { login: LOGIN, server: 'S', currency: 'USD', margin_mode: 'hedging', balance: 10_000 };
  expect(post('/accounts', terms).json).toMatchObject({ created: true, balance: '10000' });
  return { host, ask, post, trade };
}

test('by hand: place, move, cancel, close by the opposite position', () => {
  const { host, trade } = start();
  const { state } = host.engine;
  const order = {
    place: 'sell_stop_limit',
    symbol: 'XAUUSD',
    volume: 0.1,
    price: 2000,
    price_stoplimit: 2010,
  };
  const placed = trade({ ...order, expiration: 'day', sl: 2020 }).json.order;
  expect(state.ordersOf(LOGIN)).toMatchObject([
    { magic: '0', reason: 'client', price_stoplimit: '2010', type_time: 'day' },
  ]);
  expect(trade({ modify_order: placed, price: '1999' }).status).toBe(200);
  expect(state.ordersOf(LOGIN)).toMatchObject([{ price_open: '1999', sl: '2020' }]);
  expect(trade({ cancel: placed }).status).toBe(200);
  const long = trade({ symbol: 'XAUUSD', side: 'buy', volume: '0.2' }).json.order;
  const short = trade({ symbol: 'XAUUSD', side: 'sell', volume: '0.1' }).json.order;
  expect(trade({ close_by: [long, short] }).json).toMatchObject({ retcode: 10009, volume: '0.1' });
  expect(state.positionsOf(LOGIN)).toMatchObject([{ identifier: long, volume: '0.1' }]);
  expect(trade({ close_by: [long, short] })).toMatchObject({ status: 400 });
});

test('another program trades at the same terminal, under a magic of its own', () => {
  const { host, trade } = start();
  expect(trade({ symbol: 'XAUUSD', side: 'buy', volume: '0.1', magic: '77' }).status).toBe(200);
  expect(host.engine.state.positionsOf(LOGIN)).toMatchObject([{ magic: '77', reason: 'expert' }]);
  expect(trade({ symbol: 'XAUUSD', side: 'buy', volume: '0.1', magic: 'x' }).status).toBe(400);
});

test('the broker cancels a deal and changes a ticket; what is not there is a 400', () => {
  const { host, post, trade } = start();
  const opened = trade({ symbol: 'XAUUSD', side: 'buy', volume: '0.1' }).json;
  const moved = post('/ticket', { login: LOGIN, position: opened.order, deals: true }).json;
  expect(moved).toEqual({ ticket: expect.any(String), identifier: opened.order });
  expect(post('/ticket', { login: LOGIN, position: opened.order }).status).toBe(400);
  const cancelled = post('/cancel-deal', { login: LOGIN, deal: opened['deal'] });
  expect(cancelled.json).toMatchObject({ balance: '10000' });
  expect(host.engine.state.positionsOf(LOGIN)).toEqual([]);
  expect(post('/cancel-deal', { login: LOGIN, deal: opened['deal'] }).status).toBe(400);
});

test('symbols are changed, or made like another; charges of every kind move the balance', () => {
  const { ask, post, host } = start();
  const made = post('/symbols', { symbol: 'EURUSD.x', like: 'EURUSD', filling_modes: ['fok'], fee: 1 });
  expect(made.json).toMatchObject({ symbol: 'EURUSD.x', filling_modes: ['fok'], fee: '1', digits: 5 });
  expect(post('/symbols', { symbol: 'NOPE', fee: 1 }).status).toBe(400);
  for (const type of ['commission_daily', 'dividend', 'tax']) {
    post('/charge', { login: LOGIN, amount: '-1.50', type });
  }
  expect(host.engine.account(LOGIN).balance).toBe('9995.5');
  expect(post('/deposit', { login: LOGIN, amount: -95.5 }).json).toMatchObject({ balance: '9900' });
  expect(post('/credit', { login: LOGIN, amount: 100 }).json).toMatchObject({ credit: '100' });
  const state = ask('GET /state', { login: LOGIN }).json;
  expect(state.accounts).toMatchObject([{ login: LOGIN, equity: '10000', comment_length: 31 }]);
  expect(ask('GET /state', { login: '7' }).json.accounts).toEqual([]);
});
