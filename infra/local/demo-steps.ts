/**
 * The main job from beginning to end, judged through the public API and the broker's own state alone. Every step
 * throws where something is not as it must be.
 */
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Big } from 'big.js';
import { apiClient, type Json } from './api-client.ts';
import { demoGuardSteps } from './demo-guard-steps.ts';
import { signRequest } from './sign-request.ts';
import type { Stack } from './stack.ts';

export type DemoStep = { name: string; run: () => Promise<string> };
export type DemoOptions = { symbol: string; timeframe: string; outDir: string };

const PATIENCE_MS = 20_000;
const POLL_MS = 100;
const SIGNALS = '/api/v1/signals';
const DIVERGENCES = '/api/v1/reconciliation/divergences';

/** The steps in order; each one's text says what was seen. */
export function demoSteps(stack: Stack, options: DemoOptions): DemoStep[] {
  const { dev } = stack;
  const user = apiClient(dev.base_url, dev.tokens.user);
  const seen: { body: string; headers: Record<string, string>; signal: Json; trade: Json; found: Json } = {
    body: '',
    headers: {},
    signal: null,
    trade: null,
    found: null,
  };
  const state = async (): Promise<Json> => (await fetch(`${dev.broker.url}/state`)).json();
  const quote = async () => (await state()).symbols.find((s: Json) => s.symbol === options.symbol);
  const broker = async (path: string, body: unknown): Promise<Json> => {
    const answer = await fetch(`${dev.broker.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`the broker refused ${path}: ${await answer.text()}`);
    return answer.json();
  };
  const send = (body: string, headers: Record<string, string>) =>
    fetch(`${dev.base_url}${SIGNALS}`, { method: 'POST', headers, body });
  // The schedule may come between, with a newer snapshot: then once more.
  const reconcile = () =>
    until('a comparison is applied', async () => {
      const run: Json = await user.post('/api/v1/reconciliation/runs', { account_id: dev.account.id });
      return run.outcome === 'applied' ? run : null;
    });
  /** A fresh one at the present price; its id. */
  const countersigned = async (): Promise<string> => {
    const { ask } = await quote();
    const signal = { instrument: options.symbol, side: 'buy', price: ask, external_id: 'demo-guarded' };
    const body = JSON.stringify(signal);
    const answer = await send(body, signRequest(dev.producer, 'POST', SIGNALS, body));
    const stored: Json = await answer.json();
    strictEqual(answer.status, 201, JSON.stringify(stored));
    const { version: consent_version } = await user.get('/api/v1/consents/current');
    await user.post('/api/v1/approvals', { signal_id: stored.id, decision: 'approved', consent_version });
    return stored.id;
  };
  const owner = apiClient(dev.base_url, dev.tokens.owner);
  const guarded = { symbol: options.symbol, account: dev.account, user, owner, state, broker, reconcile };
  const myTrade = async (): Promise<Json> =>
    (await user.get('/api/v1/trades')).items.find((t: Json) => t.signal_id === seen.signal.id);

  return [
    {
      name: 'a signed signal is stored',
      run: async () => {
        const { ask, digits } = await quote();
        const at = (factor: string) => new Big(ask).times(factor).toFixed(digits);
        seen.body = JSON.stringify({
          instrument: options.symbol,
          side: 'buy',
          price: ask,
          stop_loss: at('0.99'),
          take_profit: at('1.01'),
          external_id: 'demo-1',
          strategy: 'demo',
          timeframe: options.timeframe,
        });
        seen.headers = signRequest(dev.producer, 'POST', SIGNALS, seen.body);
        const answer = await send(seen.body, seen.headers);
        const text = await answer.text();
        strictEqual(answer.status, 201, text);
        seen.signal = JSON.parse(text);
        strictEqual(seen.signal.status, 'new');
        return `201, buy ${options.symbol} at ${ask}, signal ${seen.signal.id}`;
      },
    },
    {
      name: 'a forgery is refused',
      run: async () => {
        const answer = await send(seen.body.replace('"buy"', '"sell"'), seen.headers);
        strictEqual(answer.status, 401);
        const refusal: Json = await answer.json();
        return `401 ${refusal.type}`;
      },
    },
    {
      name: 'a duplicate is refused and names the first',
      run: async () => {
        const again = await send(seen.body, signRequest(dev.producer, 'POST', SIGNALS, seen.body));
        const replayed = await send(seen.body, seen.headers);
        const [first, second]: Json[] = [await again.json(), await replayed.json()];
        deepStrictEqual([again.status, replayed.status], [409, 409]);
        deepStrictEqual([first.existing_id, second.existing_id], [seen.signal.id, seen.signal.id]);
        return `409 ${first.duplicate_of}, 409 ${second.duplicate_of}`;
      },
    },
    {
      name: 'a stranger may neither read nor decide',
      run: async () => {
        const answer = await fetch(`${dev.base_url}${SIGNALS}/${seen.signal.id}`, {
          headers: { authorization: `Bearer ${dev.tokens.other}` },
        });
        strictEqual(answer.status, 403);
        return '403';
      },
    },
    {
      name: 'its owner sees the terms and countersigns',
      run: async () => {
        const terms: Json = await user.get(`${SIGNALS}/${seen.signal.id}/terms`);
        const approval: Json = await user.post('/api/v1/approvals', {
          signal_id: seen.signal.id,
          decision: 'approved',
          consent_version: terms.consent_version,
          terms_sha256: terms.terms_sha256,
        });
        ok(approval.terms_shown);
        return `at most ${terms.max_volume} lots between ${terms.band.low} and ${terms.band.high}`;
      },
    },
    {
      name: 'one market order reaches the broker, once',
      run: async () => {
        const order: Json = await until('the order is done', async () => {
          const [found]: Json[] = (await user.get('/api/v1/orders')).items;
          return found?.state === 'done' ? found : null;
        });
        const entry = (await state()).journal.find((j: Json) => j.cmd_id === order.id);
        deepStrictEqual([entry.sent, entry.executed], [1, 1]);
        return `order ${order.order_ticket}, magic ${order.magic}`;
      },
    },
    {
      name: 'the reconciliation books the fill',
      run: async () => {
        await reconcile();
        seen.trade = await myTrade();
        strictEqual(seen.trade?.status, 'open');
        strictEqual((await user.get(`${SIGNALS}/${seen.signal.id}`)).status, 'executed');
        return `trade ${seen.trade.id}: ${seen.trade.volume} lots at ${seen.trade.entry_price}`;
      },
    },
    {
      name: 'three nights pass and the target is hit',
      run: async () => {
        await broker('/clock', { advance_seconds: 3 * 86_400 });
        const bid = seen.trade.take_profit ?? seen.signal.take_profit;
        await broker('/tick', { symbol: options.symbol, bid });
        // The bar of the exit closes, so that the chart can show it.
        await broker('/clock', { advance_seconds: 2 * 3600 });
        const [account]: Json[] = (await state()).accounts;
        strictEqual(account.positions.length, 0, 'the broker still holds the position');
        return `bid ${bid}, balance ${account.balance}`;
      },
    },
    {
      name: 'the reconciliation books the close to the cent',
      run: async () => {
        await reconcile();
        const trade = await myTrade();
        deepStrictEqual([trade?.status, trade?.exit_reason], ['closed', 'tp']);
        const [account]: Json[] = (await state()).accounts;
        const deals: Json[] = account.deals.filter((d: Json) => d.position_id === trade.position_id);
        for (const part of ['profit', 'swap', 'commission', 'fee']) {
          const said = deals.reduce((total, d) => total.plus(d[part]), new Big(0));
          ok(said.eq(trade[part]), `${part}: the broker says ${said}, we say ${trade[part]}`);
        }
        ok(!new Big(trade.swap).eq(0) && !new Big(trade.commission).eq(0));
        ok(new Big(10_000).plus(trade.net).eq(account.balance), 'our books and the balance differ');
        strictEqual((await user.get(`${SIGNALS}/${seen.signal.id}`)).status, 'closed');
        seen.trade = trade;
        return `profit ${trade.profit}, swap ${trade.swap}, commission ${trade.commission}, net ${trade.net}`;
      },
    },
    {
      name: 'a manual trade found',
      run: async () => {
        const { login } = dev.account;
        const order = { login, symbol: options.symbol, side: 'sell', volume: '0.10' };
        const made = await broker('/manual-trade', order);
        await reconcile();
        const { items: differences }: Json = await user.get(`${DIVERGENCES}?code=EXTERNAL_POSITION`);
        seen.found = differences.find((d: Json) => d.broker_key === made.order);
        deepStrictEqual([seen.found?.status, seen.found?.policy], ['open', 'person']);
        const { items: trades }: Json = await user.get('/api/v1/trades?source=manual');
        const trade = trades.find((t: Json) => t.position_id === made.order);
        deepStrictEqual([trade?.status, trade?.signal_id], ['open', null]);
        return `position ${made.order}: ${trade.side} ${trade.volume} lots at ${trade.entry_price}, ${seen.found.code}`;
      },
    },
    {
      name: 'its owner lets it be, and its close is booked as well',
      run: async () => {
        const reason = 'a trade of my own';
        const judged: Json = await user.post(`${DIVERGENCES}/${seen.found.id}/ignore`, { reason });
        deepStrictEqual([judged.status, judged.resolution, judged.reason], ['resolved', 'ignored', reason]);
        const position = seen.found.broker_key;
        await broker('/manual-trade', { login: dev.account.login, close: position });
        await reconcile();
        const { items }: Json = await user.get('/api/v1/trades?source=manual');
        const trade = items.find((t: Json) => t.position_id === position);
        deepStrictEqual([trade?.status, trade?.exit_reason], ['closed', 'client']);
        const [account]: Json[] = (await state()).accounts;
        const total = new Big(10_000).plus(seen.trade.net).plus(trade.net);
        ok(total.eq(account.balance), 'our books and the balance differ');
        return `${judged.resolution} (${reason}), net ${trade.net}, balance ${account.balance}`;
      },
    },
    ...demoGuardSteps({ ...guarded, until, countersigned }),
    {
      name: 'the chart is drawn, stored and served',
      run: async () => {
        await mkdir(options.outDir, { recursive: true });
        const chart: Json = await user.post('/api/v1/charts', {
          kind: 'candlestick',
          source: { trade_id: seen.trade.id },
          theme: 'dark',
        });
        const sizes = [];
        for (const [format, url] of Object.entries<string>(chart.urls)) {
          const answer = await fetch(url);
          strictEqual(answer.status, 200, `${format} answered ${answer.status}`);
          const bytes = Buffer.from(await answer.arrayBuffer());
          ok(bytes.length > 1000);
          await writeFile(join(options.outDir, `trade.${format}`), bytes);
          sizes.push(`${format} ${bytes.length} bytes`);
        }
        return `${sizes.join(', ')} in ${options.outDir}; ${chart.alt}`;
      },
    },
    {
      name: 'a market chart has one public address',
      run: async () => {
        const query = `symbol=${options.symbol}&timeframe=${options.timeframe}&limit=120`;
        const { candles }: Json = await (await fetch(`${dev.broker.url}/candles?${query}`)).json();
        const source = { candles, instrument: options.symbol, timeframe: options.timeframe };
        const ask = () => user.post('/api/v1/charts', { kind: 'candlestick', source });
        const [one, two]: Json[] = [await ask(), await ask()];
        strictEqual(one.url, two.url);
        const answer = await fetch(one.url);
        strictEqual(answer.headers.get('cache-control'), 'public, max-age=31536000, immutable');
        await writeFile(join(options.outDir, 'market.png'), Buffer.from(await answer.arrayBuffer()));
        return one.url;
      },
    },
  ];
}

/** Runs the steps one after another and prints each with its time. Throws, naming the step, at the first that fails. */
export async function runSteps(steps: readonly DemoStep[], print: (line: string) => void): Promise<void> {
  for (const { name, run } of steps) {
    const startedMs = performance.now();
    const outcome = await run().catch((e: unknown) => {
      throw new Error(`${name}: ${e instanceof Error ? e.message : e}`, { cause: e });
    });
    print(`${String(Math.round(performance.now() - startedMs)).padStart(6)} ms  ${name}: ${outcome}`);
  }
}

async function until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${PATIENCE_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
