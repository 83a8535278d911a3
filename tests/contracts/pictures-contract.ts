// Charts by reference: whose they are, drawn once, kept for their time, taken back, limited, and there by themselves.
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import { parsePrometheus } from '../support/prometheus.ts';
import type { Contract } from './contract-suite.ts';
import { type Person, type Trader, unique, until } from './world.ts';

const CHARTS = '/api/v1/charts';
const WISHES = `SELECT count(*) FROM outbox WHERE topic = 'picture.wanted' AND payload->>'id' = $1`;
const NOBODY = '018f0000-0000-7000-8000-000000000000';
const FORMATS = ['png', 'svg', 'pdf'] as const;
/** Pictures come after everything else. */
const PICTURE_MS = 50_000;
/** One tick sends a wish on its way; whoever ticks at each look keeps the machine from drawing. */
const TICK_EVERY_MS = 3_000;

export function picturesContract({ test, ...w }: Contract): void {
  const pathOf = (url: string): string => url.slice(new URL(url).origin.length);
  const picture = (url: string, over: { method?: string; headers?: Record<string, string> } = {}) =>
    w.plain(pathOf(url), over);
  const post = (by: { token: string }, spec: unknown): Promise<Response> =>
    w.as(by.token, 'POST', CHARTS, spec);
  const make = (by: { token: string }, spec: unknown): Promise<Json> => w.json(post(by, spec), 201);
  const digestOf = (chart: Json): string => JSON.parse(chart.etag);

  let made: Promise<{ t: Trader; trade: Json }> | undefined;
  /** One trader with a trade that is booked, for all tests here. */
  const traded = (): Promise<{ t: Trader; trade: Json }> => {
    made ??= (async () => {
      const t = await w.trader();
      const stored = await w.approvedSignal(t);
      const trade = await until('the trade is booked', async () => {
        await w.reconcile(t.user, t.accountId);
        const { items } = await w.json(w.as(t.user.token, 'GET', '/api/v1/trades'));
        return items.find((one: Json) => one.signal_id === stored.id);
      });
      return { t, trade };
    })();
    return made;
  };
  const ofTrade = async (title: string): Promise<{ t: Trader; chart: Json; digest: string }> => {
    const { t, trade } = await traded();
    const chart = await make(t.user, { kind: 'candlestick', source: { trade_id: trade.id }, title });
    return { t, chart, digest: digestOf(chart) };
  };
  const points = (title: string) => ({
    kind: 'equity',
    source: {
      points: Array.from({ length: 30 }, (_, i) => ({
        time: 1_767_225_600 + i * 3600,
        equity: `${1000 + i}`,
      })),
    },
    title,
  });

  test('draws what an account’s own books say: its equity, for its user and for who reads everything', async () => {
    const { t } = await traded();
    const spec = { kind: 'equity', source: { account_id: t.accountId } };
    for (const by of [t.user, { token: w.dev.tokens.owner }]) {
      const chart = await make(by, spec);
      expect(Date.parse(chart.expires_at)).toBeGreaterThan(Date.now());
      for (const format of FORMATS) expect((await picture(chart.urls[format])).status, format).toBe(200);
    }
  });

  test('refuses an account, a trade or a set of them that is another’s or nobody’s', async () => {
    const { t, trade } = await traded();
    const { other } = w.dev.tokens;
    const specs = (account_id: string, trade_id: string) => [
      { kind: 'equity', source: { account_id } },
      { kind: 'histogram', source: { account_id }, column: 'profit' },
      { kind: 'histogram', source: { trade_ids: [trade_id] }, column: 'profit' },
      { kind: 'candlestick', source: { trade_ids: [trade_id] } },
    ];
    for (const spec of specs(t.accountId, trade.id))
      await w.refusal(post({ token: other }, spec), 403, 'forbidden');
    for (const spec of specs(NOBODY, NOBODY)) await w.refusal(post(t.user, spec), 404, 'not-found');
  });

  test('names what in a source cannot be drawn', async () => {
    const { t, trade } = await traded();
    const wrong: [unknown, string][] = [
      [{ kind: 'histogram', source: { account_id: t.accountId }, column: 'profit' }, '/source'],
      [{ kind: 'candlestick', source: { trade_ids: [trade.id, trade.id] } }, '/source/trade_ids/1'],
      [
        {
          kind: 'equity',
          source: { account_id: t.accountId, from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' },
        },
        '/source/to',
      ],
    ];
    for (const [spec, pointer] of wrong) {
      const { errors } = await w.refusal(post(t.user, spec), 422, 'invalid-body');
      expect(errors.map((e: Json) => e.pointer)).toEqual([pointer]);
    }
  });

  test('gives two people different private addresses for identical data of their own', async () => {
    const [a, b] = [await w.person(), await w.person()];
    const spec = points(unique());
    const [one, again, two] = [await make(a, spec), await make(a, spec), await make(b, spec)];
    expect(digestOf(again)).toBe(digestOf(one));
    expect(new URL(two.url).pathname).not.toBe(new URL(one.url).pathname);
    const stolen = new URL(one.url);
    stolen.pathname = new URL(two.url).pathname;
    await w.refusal(picture(stolen.href), 404, 'not-found');
  });

  test('says in a header of every answer what the picture shows, and answers HEAD like GET', async () => {
    const { chart } = await ofTrade(unique());
    for (const format of FORMATS) {
      const [got, head] = [
        await picture(chart.urls[format]),
        await picture(chart.urls[format], { method: 'HEAD' }),
      ];
      const [, said = ''] = /^alt\*=UTF-8''(\S+)$/.exec(got.headers.get('x-alt-text') ?? '') ?? [];
      expect(decodeURIComponent(said)).toBe(chart.alt);
      const size = (await got.arrayBuffer()).byteLength;
      expect(head.status).toBe(200);
      expect((await head.arrayBuffer()).byteLength).toBe(0);
      for (const name of ['content-type', 'etag', 'cache-control', 'x-alt-text', 'x-robots-tag'])
        expect(head.headers.get(name), name).toBe(got.headers.get(name));
      expect(Number(head.headers.get('content-length') ?? size)).toBe(size);
    }
  });

  test('draws a picture once, however many ask for it first', async () => {
    const { chart, digest } = await ofTrade(unique());
    /** The count when it no longer moves: isolates flush once a second. */
    const renders = (): Promise<number> => {
      const seen: number[] = [];
      return until('the count has come to rest', async () => {
        const page = parsePrometheus(await (await w.as(w.dev.tokens.owner, 'GET', '/metrics')).text());
        seen.push(page.samples.get('media_render_total{type="svg"}') ?? 0);
        if (seen.length > 2 && new Set(seen.slice(-3)).size === 1) return { count: seen.at(-1) ?? 0 };
        await new Promise((resolve) => setTimeout(resolve, 1_200));
        return null;
      }).then(({ count }) => count);
    };
    const before = await renders();
    const answers = await Promise.all(Array.from({ length: 50 }, () => picture(chart.urls.svg)));
    expect([...new Set(answers.map((a) => a.status))]).toEqual([200]);
    const bodies = await Promise.all(
      answers.map(async (a) => Buffer.from(await a.arrayBuffer()).toString('hex')),
    );
    expect(new Set(bodies).size).toBe(1);
    const [lease] = await w.rt.query(
      `SELECT fence, bytes FROM chart_drawings WHERE digest = $1 AND format = 'svg'`,
      [digest],
    );
    expect(lease).toEqual({ fence: 1, bytes: bodies[0]?.length === undefined ? null : bodies[0].length / 2 });
    expect(await renders()).toBe(before + 1);
  });

  test('takes a chart back for its owner or an admin, for good, and no market chart for anybody', async () => {
    const { t, chart, digest } = await ofTrade(unique());
    const path = `${CHARTS}/${digest}`;
    const stranger = await w.person();
    const etag = (await picture(chart.url)).headers.get('etag') ?? '';
    const other = await ofTrade(unique());
    await w.refusal(w.as(stranger.token, 'DELETE', path), 403, 'forbidden');
    await w.refusal(w.as(t.user.token, 'DELETE', `${CHARTS}/p-${'0'.repeat(64)}`), 404, 'not-found');
    await w.json(w.as(t.user.token, 'DELETE', path), 204);
    await w.json(w.as(t.user.token, 'DELETE', path), 204);
    await w.json(w.as(w.dev.tokens.owner, 'DELETE', `${CHARTS}/${other.digest}`), 204);
    await w.refusal(picture(other.chart.url), 410, 'gone');
    await until('it is gone', async () => (await picture(chart.url)).status === 410);
    const again = await picture(chart.url, { headers: { 'if-none-match': etag } });
    expect(again.headers.get('cache-control')).toBe('no-store');
    await w.refusal(again, 410, 'gone');
    const candles = Array.from({ length: 5 }, (_, i) => ({
      ...{ time: 1_767_225_600 + i * 3600, open: '1', high: '2', low: '1', close: '2' },
    }));
    const market = { kind: 'candlestick', source: { candles, instrument: 'EURUSD', timeframe: 'H1' } };
    const shared = digestOf(await make(t.user, market));
    await w.refusal(w.as(w.dev.tokens.owner, 'DELETE', `${CHARTS}/${shared}`), 409, 'conflict');
  });

  test('keeps a preview for its time alone: 410 when that is over, 404 when it is forgotten', async () => {
    const { t } = await traded();
    const chart = await make(t.user, points(unique()));
    const digest = digestOf(chart);
    const [row] = await w.rt.query(
      "SELECT expires_at - created_at > interval '23 hours' AS kept FROM charts WHERE digest = $1",
      [digest],
    );
    expect(row).toEqual({ kept: true });
    await w.rt.query(`UPDATE charts SET expires_at = now() - interval '10 minutes' WHERE digest = $1`, [
      digest,
    ]);
    for (const format of FORMATS) await w.refusal(picture(chart.urls[format]), 410, 'gone');
    const kept = await ofTrade(unique());
    await w.rt.tick();
    await until('it is forgotten', async () => (await picture(chart.url)).status === 404);
    expect((await picture(kept.chart.url)).status).toBe(200);
    expect(await w.count('SELECT count(*) FROM chart_drawings WHERE digest = $1', digest)).toBe(0);
  });

  test('lets a user spend so much a day on new pictures, and asks nothing for those that are there', async () => {
    const user: Person = await w.person();
    const known = points(unique());
    await make(user, known);
    await w.rt.query(`UPDATE chart_costs SET cost = 100000 WHERE user_id = $1`, [user.id]);
    const answer = await post(user, points(unique()));
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    await w.refusal(answer, 429, 'rate-limited');
    await make(user, known);
    await make({ token: w.dev.tokens.other }, points(unique()));
  });

  test('has a picture of each signal and trade ready by itself, for whose they are', async () => {
    const { t, trade } = await traded();
    for (const thing of [`/api/v1/signals/${trade.signal_id}`, `/api/v1/trades/${trade.id}`]) {
      const { chart_url: path } = await w.json(w.as(t.user.token, 'GET', thing));
      expect(path).toBe(`${thing}/chart`);
      // The wish follows from an event: a tick before it would send nothing.
      await until('the picture is wished for', () => w.count(WISHES, thing.split('/').at(-1)));
      let tickedMs = Number.NEGATIVE_INFINITY;
      const chart = await until(
        `${path} is there`,
        async () => {
          const answer = await w.as(t.user.token, 'GET', path);
          if (answer.status === 200) return w.json(answer);
          if (performance.now() - tickedMs < TICK_EVERY_MS) return null;
          await w.rt.tick();
          tickedMs = performance.now();
          return null;
        },
        PICTURE_MS,
      );
      expect(Object.keys(chart).sort()).toEqual(['alt', 'etag', 'expires_at', 'url', 'urls']);
      expect(chart.alt).toMatch(/EURUSD/);
      expect((await picture(chart.url)).status).toBe(200);
      expect((await w.json(w.as(w.dev.tokens.owner, 'GET', path))).etag).toBe(chart.etag);
      await w.refusal(w.as(w.dev.tokens.other, 'GET', path), 403, 'forbidden');
      await w.refusal(w.as(t.user.token, 'GET', path.replace(/[0-9a-f-]{36}/, NOBODY)), 404, 'not-found');
    }
    const waiting = `SELECT count(*) FROM outbox WHERE topic = 'picture.wanted' AND payload->>'user_id' = $1 AND done_at IS NULL`;
    // Told to be done when it is drawn: the chart is there a moment before.
    await until('no wish is left', async () => (await w.count(waiting, t.user.id)) === 0);
  });
}
