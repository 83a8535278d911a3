// Pictures: their addresses, who may see them, how they are served.
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import { decodedPixels, FIXED_BODIES, sha256Hex } from '../workers/fixed-pictures.ts';
import stated from '../workers/picture-digests.json' with { type: 'json' };
import type { Contract } from './contract-suite.ts';
import { type Trader, unique, until } from './world.ts';

const CHARTS = '/api/v1/charts';
const NOBODY = '018f0000-0000-7000-8000-000000000000';
const TYPES = { png: 'image/png', svg: 'image/svg+xml; charset=utf-8', pdf: 'application/pdf' } as const;
const HEADS = { png: '\x89PNG\r\n\x1a\n', svg: '<svg', pdf: '%PDF-' } as const;
const FORMATS = ['png', 'svg', 'pdf'] as const;

/** Forty hourly bars that rise and fall; `seed` makes them others. */
function candles(seed: number): Json[] {
  return Array.from({ length: 40 }, (_, i) => {
    const open = 100 + seed + Math.round(Math.sin(i / 5) * 10);
    const close = open + (i % 3) - 1;
    const [high, low] = [Math.max(open, close) + 2, Math.min(open, close) - 2];
    return {
      time: 1_767_225_600 + i * 3600,
      ...{ open: `${open}`, high: `${high}`, low: `${low}`, close: `${close}` },
    };
  });
}

export function chartsContract({ test, ...w }: Contract): void {
  const token = w.dev.tokens.user;
  const pathOf = (url: string): string => url.slice(new URL(url).origin.length);
  const fetchPicture = (url: string, headers: Record<string, string> = {}) =>
    w.plain(pathOf(url), { headers });
  const market = (over: Record<string, unknown> = {}, seed = 0) => ({
    kind: 'candlestick',
    source: { candles: candles(seed), instrument: 'EURUSD', timeframe: 'H1' },
    ...over,
  });
  const make = (spec: unknown, by = token): Promise<Json> => w.json(w.as(by, 'POST', CHARTS, spec), 201);
  const traded = async (): Promise<{ t: Trader; trade: Json }> => {
    const t = await w.trader();
    const stored = await w.approvedSignal(t);
    const trade = await until('the trade is booked', async () => {
      await w.reconcile(t.user, t.accountId);
      const { items } = await w.json(w.as(t.user.token, 'GET', '/api/v1/trades'));
      return items.find((one: Json) => one.signal_id === stored.id);
    });
    return { t, trade };
  };

  test('draws a market chart at one public address that never changes, as png, svg and pdf', async () => {
    const [one, two] = [await make(market()), await make(market(), w.dev.tokens.other)];
    expect(one.url).toBe(two.url);
    expect(one).toMatchObject({ url: one.urls.png, expires_at: null, alt: expect.stringMatching(/EURUSD/) });
    expect(new URL(one.url).search).toBe('');
    for (const format of FORMATS) {
      const answer = await fetchPicture(one.urls[format]);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toBe(TYPES[format]);
      expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('x-robots-tag')).toBe('noindex');
      const bytes = Buffer.from(await answer.arrayBuffer());
      expect(bytes.length).toBeGreaterThan(1000);
      expect(bytes.toString('latin1').startsWith(HEADS[format])).toBe(true);
    }
  });

  test('has the pixels and the SVG of every other runtime, of every kind', async () => {
    const bytesAt = async (url: string) => new Uint8Array(await (await fetchPicture(url)).arrayBuffer());
    const found: Record<string, { pixels: string; svg: string }> = {};
    for (const [name, body] of Object.entries(FIXED_BODIES)) {
      const { urls } = await make(body);
      const pixels = await sha256Hex(decodedPixels(await bytesAt(urls.png)));
      found[name] = { pixels, svg: await sha256Hex(await bytesAt(urls.svg)) };
    }
    expect(found).toEqual(stated);
  });

  test('serves SVG in a sandbox without scripts', async () => {
    const answer = await fetchPicture((await make(market())).urls.svg);
    expect(answer.headers.get('content-security-policy')).toBe(
      "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    );
    expect(await answer.text()).not.toMatch(/<script|javascript:|on\w+=/i);
  });

  test('gives the same bytes whenever a picture is asked for', async () => {
    const { urls } = await make(market({}, 7));
    for (const format of FORMATS) {
      const reads = [await fetchPicture(urls[format]), await fetchPicture(urls[format])];
      const [first, second] = await Promise.all(reads.map(async (r) => Buffer.from(await r.arrayBuffer())));
      expect(first?.equals(second ?? Buffer.alloc(0)), format).toBe(true);
    }
  });

  test('answers 304 to one who has the picture already', async () => {
    const { urls } = await make(market());
    for (const format of FORMATS) {
      const etag = (await fetchPicture(urls[format])).headers.get('etag') ?? '';
      expect(etag).toMatch(/^"/);
      const again = await fetchPicture(urls[format], { 'if-none-match': `"other", ${etag}` });
      expect(again.status).toBe(304);
      expect(again.headers.get('etag')).toBe(etag);
      expect((await again.arrayBuffer()).byteLength).toBe(0);
      expect((await fetchPicture(urls[format], { 'if-none-match': '"other"' })).status).toBe(200);
    }
  });

  test('gives another address to other data, and to another look', async () => {
    const specs = [
      market(),
      market({}, 3),
      market({ theme: 'dark' }),
      market({ title: 'A' }),
      market({ tz: 'Asia/Tokyo' }),
    ];
    const urls = await Promise.all(specs.map(async (spec) => (await make(spec)).url));
    expect(new Set(urls).size).toBe(specs.length);
  });

  test('draws a private chart of a trade, for a limited time, uncached by others', async () => {
    const { t, trade } = await traded();
    const chart = await make({ kind: 'candlestick', source: { trade_id: trade.id } }, t.user.token);
    expect(Date.parse(chart.expires_at)).toBeGreaterThan(Date.now());
    for (const format of FORMATS) {
      expect(new URL(chart.urls[format]).searchParams.get('exp')).toMatch(/^\d+$/);
      expect(new URL(chart.urls[format]).searchParams.get('sig')).toBeTruthy();
      const answer = await fetchPicture(chart.urls[format]);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('cache-control')).toBe('private, max-age=300');
      expect(answer.headers.get('content-type')).toBe(TYPES[format]);
    }
  });

  test('keeps a private chart from everybody without its whole address', async () => {
    const { t, trade } = await traded();
    const chart = await make({ kind: 'candlestick', source: { trade_id: trade.id } }, t.user.token);
    const altered = (change: (query: URLSearchParams) => void): string => {
      const url = new URL(chart.url);
      change(url.searchParams);
      return url.href;
    };
    const sig = new URL(chart.url).searchParams.get('sig') ?? '';
    const forged = [
      altered((q) => q.delete('sig')),
      altered((q) => q.delete('exp')),
      altered((q) => q.set('exp', String(Number(q.get('exp')) + 60))),
      altered((q) => q.set('exp', '0')),
      altered((q) => q.set('exp', 'soon')),
      altered((q) =>
        q.set(
          'sig',
          sig.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')),
        ),
      ),
      altered((q) => q.set('sig', '')),
    ];
    for (const url of forged) {
      const answer = await fetchPicture(url);
      expect([403, 404, 410], url).toContain(answer.status);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
    }
    const etag = (await fetchPicture(chart.url)).headers.get('etag') ?? '';
    expect([403, 404]).toContain((await fetchPicture(forged[0] ?? '', { 'if-none-match': etag })).status);
    expect((await fetchPicture(chart.url)).status).toBe(200);
  });

  test('gives two people different addresses for the same private picture', async () => {
    const { t, trade } = await traded();
    const spec = { kind: 'candlestick', source: { trade_id: trade.id } };
    const [mine, theirs] = [await make(spec, t.user.token), await make(spec, w.dev.tokens.owner)];
    expect(new URL(mine.url).pathname).not.toBe(new URL(theirs.url).pathname);
  });

  test('answers 410 for a chart that was revoked', async () => {
    const { t, trade } = await traded();
    const spec = { kind: 'candlestick', source: { trade_id: trade.id }, title: unique() };
    const chart = await make(spec, t.user.token);
    const digest = /([^/]+)\.png$/.exec(new URL(chart.url).pathname)?.[1];
    await w.rt.query('UPDATE charts SET revoked_at = now() WHERE digest = $1', [digest]);
    for (const format of FORMATS) await w.refusal(fetchPicture(chart.urls[format]), 410, 'gone');
  });

  test('draws only what is the caller’s own: 403 for another’s source, 404 for none', async () => {
    const { t, trade } = await traded();
    const of = (source: unknown) => ({ kind: 'candlestick', source });
    const { other } = w.dev.tokens;
    for (const source of [{ trade_id: trade.id }, { signal_id: trade.signal_id }])
      await w.refusal(w.as(other, 'POST', CHARTS, of(source)), 403, 'forbidden');
    for (const source of [{ trade_id: NOBODY }, { signal_id: NOBODY }])
      await w.refusal(w.as(t.user.token, 'POST', CHARTS, of(source)), 404, 'not-found');
    await make(of({ signal_id: trade.signal_id }), t.user.token);
    await w.refusal(w.plain(CHARTS, { method: 'POST', body: '{}' }), 401, 'unauthorized');
  });

  test('refuses candles that cannot be, each fault by its pointer', async () => {
    const broken = candles(0);
    broken[3] = { ...broken[3], high: '1', low: '2' };
    broken[5] = { ...broken[5], time: broken[4].time };
    broken[6] = { ...broken[6], open: 'much' };
    const source = { candles: broken, instrument: 'EURUSD', timeframe: 'H1' };
    const answer = w.as(token, 'POST', CHARTS, { kind: 'candlestick', source });
    const { errors } = await w.refusal(answer, 422, 'invalid-body');
    const pointers = errors.map((e: Json) => e.pointer);
    expect(pointers).toContain('/source/candles/3/high');
    expect(pointers).toContain('/source/candles/5/time');
    expect(pointers).toContain('/source/candles/6/open');
  });

  test('refuses a spec that cannot be drawn', async () => {
    const wrong: [Record<string, unknown>, string][] = [
      [{ kind: 'pie' }, '/kind'],
      [{ theme: 'neon' }, '/theme'],
      [{ tz: 'Mars/Olympus' }, '/tz'],
      [{ size: { width: 4000, height: 4000, scale: 2 } }, '/size'],
      [{ more: 1 }, '/more'],
      [{ title: '\u{1F600}' }, '/title'],
      [{ source: { candles: [], instrument: 'EURUSD', timeframe: 'H1' } }, '/source/candles'],
    ];
    for (const [over, pointer] of wrong) {
      const answer = w.as(token, 'POST', CHARTS, market(over));
      const { errors } = await w.refusal(answer, 422, 'invalid-body');
      expect(errors.map((e: Json) => e.pointer)).toContain(pointer);
    }
    await w.refusal(w.as(token, 'POST', CHARTS, '{'), 400, 'invalid-json');
    const large = `{"title":"${'x'.repeat(5 * 1024 * 1024 - 100)}"}`;
    await w.refusal(w.as(token, 'POST', CHARTS, large), 413, 'payload-too-large');
  });

  test('answers 404 for what names no chart', async () => {
    const names = ['x.png', `${'0'.repeat(64)}.png`, `${'0'.repeat(64)}.gif`, `${'0'.repeat(64)}`, '%00.png'];
    for (const name of names) await w.refusal(w.plain(`/charts/${name}`), 404, 'not-found');
  });
}
