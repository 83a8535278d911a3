// The simulated broker's market is open always, and a stack says so once, also one whose data is from before.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { definitionSchema } from '../../../functions/market/calendar-definition.ts';
import { entryWindow, tradingCalendar } from '../../../functions/market/trading-calendar.ts';
import { openSimulatedMarket } from '../../../infra/local/demo-organisation.ts';

/** An API that knows which calendar each symbol has, and what was posted. */
const named = new Map<string, string>();
const posted: { path: string; body: Record<string, unknown> }[] = [];
const api = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const url = new URL(request.url ?? '', 'http://api');
  if (request.method === 'POST') {
    const body = JSON.parse(Buffer.concat(chunks).toString());
    posted.push({ path: url.pathname, body });
    if (typeof body.calendar_id === 'string') named.set(body.symbol, body.calendar_id);
  }
  const id = named.get(url.searchParams.get('instrument') ?? '');
  response.end(JSON.stringify({ calendar: id === undefined ? null : { id } }));
});
beforeAll(() => new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve)));
afterAll(() => new Promise((resolve) => api.close(resolve)));

it('names one calendar that is always open for every symbol, and again only for what lacks it', async () => {
  const base = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  await openSimulatedMarket(base, 'token', 'account');
  const [calendar, ...symbols] = posted.splice(0);
  expect(calendar?.path).toBe('/api/v1/market/calendars');
  expect(symbols.map((s) => s.body['symbol'])).toEqual([
    ...['EURUSD', 'GBPUSD', 'USDJPY', 'XAUUSD', 'XAGUSD', 'BTCUSD'],
  ]);
  const source = { source: 'override', valid_from: '2020-01-01T00:00:00Z' };
  const open = tradingCalendar({
    definition: definitionSchema.parse({ ...calendar?.body, ...source }),
    version: 1,
  });
  for (let hour = 0; hour < 14 * 24; hour += 1)
    expect(entryWindow(open, Date.UTC(2026, 10, 21, hour))).toEqual({ open: true, closesMs: null });
  await openSimulatedMarket(base, 'token', 'account');
  expect(posted).toEqual([]);
  named.set('XAGUSD', 'metals-energy');
  await openSimulatedMarket(base, 'token', 'account');
  expect(posted.splice(1).map((p) => p.body['symbol'])).toEqual(['XAGUSD']);
});
