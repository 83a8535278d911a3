// What is counted is true whichever instance is asked, and nothing that a caller says becomes a label.
import { expect } from 'vitest';
import { type Page, parsePrometheus } from '../support/prometheus.ts';
import type { Contract } from './contract-suite.ts';
import { SIGNALS, signedAsk } from './signed-ask.ts';
import { inLanes, unique, until } from './world.ts';

export function metricsContract({ test, ...w }: Contract): void {
  const scrape = async (): Promise<Page> => {
    const answer = await w.as(w.dev.tokens.owner, 'GET', '/metrics');
    expect(answer.status).toBe(200);
    return parsePrometheus(await answer.text());
  };
  const sample = (page: Page, key: string): number => page.samples.get(key) ?? 0;
  const totalOf = (page: Page, name: string): number =>
    [...page.samples].reduce((sum, [key, n]) => (key.startsWith(`${name}{`) ? sum + n : sum), 0);
  /** Waits for a count that isolates flush after their answers. */
  const counted = (key: string, expected: number): Promise<true> =>
    until(`${key} is ${expected}`, async () => sample(await scrape(), key) === expected || null).then(
      () => true,
    );

  /** A page on which a count no longer moves: a scrape is itself what makes its isolate flush, once a second. */
  const atRest = (key: string): Promise<Page> => {
    const seen: number[] = [];
    return until(`${key} has come to rest`, async () => {
      const page = await scrape();
      seen.push(sample(page, key));
      if (seen.length > 2 && new Set(seen.slice(-3)).size === 1) return page;
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      return null;
    });
  };

  test('is Prometheus’ text for a token with the scope alone, and never cached', async () => {
    const answer = await w.as(w.dev.tokens.owner, 'GET', '/metrics');
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(parsePrometheus(await answer.text()).samples.size).toBeGreaterThan(40);
    await w.refusal(w.as(w.dev.tokens.user, 'GET', '/metrics'), 403, 'forbidden');
    await w.refusal(w.plain('/metrics'), 401, 'unauthorized');
  });

  test('has the metrics of the features there are, by the names of the contract', async () => {
    const { types } = await scrape();
    for (const name of [
      ...['signals_ingested_total', 'signals_refused_total', 'approvals_total', 'orders_built_total'],
      ...['orders_rejected_total', 'mt5_connect_total', 'mt5_position_sync_total', 'heartbeat_total'],
      ...['reconciliation_divergences_total', 'media_render_total', 'media_cache_hits_total'],
      ...['errors_total', 'http_requests_total', 'retries_total'],
      ...['drawdown_guard_triggers_total', 'positions_autoclosed_total'],
    ])
      expect(types.get(name), name).toBe('counter');
    for (const name of ['signals_create', 'approval_latency', 'reconciliation_latency', 'request_duration'])
      expect(types.get(`${name}_seconds`), name).toBe('histogram');
    for (const name of ['last_successful_tick_timestamp_seconds', 'outbox_depth'])
      expect(types.get(name), name).toBe('gauge');
  });

  test('counts every stored signal exactly, at once, under any concurrency, over ticks', async () => {
    const producer = await w.producer();
    const key = 'signals_ingested_total{instrument="GBPUSD",side="sell"}';
    const before = sample(await scrape(), key);
    const answers = await inLanes(60, 12, async (i) => {
      if (i % 20 === 10) await w.rt.tick();
      return (await w.send(producer, w.signal({ instrument: 'GBPUSD', side: 'sell', price: '1.2' }))).status;
    });
    expect(answers).toEqual(Array.from({ length: 60 }, () => 201));
    expect(sample(await scrape(), key)).toBe(before + 60);
    await w.rt.tick();
    await w.rt.tick();
    expect(sample(await scrape(), key)).toBe(before + 60);
    const stored = await w.count('SELECT count(*) FROM signals');
    expect(totalOf(await scrape(), 'signals_ingested_total')).toBe(stored);
  });

  test('counts a duplicate as refused and not as stored', async () => {
    const producer = await w.producer();
    const refused = 'signals_refused_total{reason="duplicate-signal"}';
    const stored = 'signals_ingested_total{instrument="XAUUSD",side="buy"}';
    const before = await atRest(refused);
    const body = w.signal({ instrument: 'XAUUSD', price: '2000' });
    await w.json(w.send(producer, body), 201);
    await w.refusal(w.send(producer, body), 409, 'duplicate-signal');
    expect(sample(await scrape(), stored)).toBe(sample(before, stored) + 1);
    await counted(refused, sample(before, refused) + 1);
  });

  test('counts decisions exactly, each with its latency', async () => {
    const producer = await w.producer();
    const before = await scrape();
    const { id } = await w.sent(producer);
    await w.json(w.approve(producer.owner, id, { decision: 'rejected' }), 201);
    const after = await scrape();
    const grown = (key: string): number => sample(after, key) - sample(before, key);
    expect(grown('approvals_total{decision="rejected"}')).toBe(1);
    expect(grown('approvals_total{decision="approved"}')).toBe(0);
    expect(grown('approval_latency_seconds_count')).toBe(1);
    expect(grown('approval_latency_seconds_bucket{le="30"}')).toBe(1);
  });

  test('counts requests by route and code and times them, over all instances', async () => {
    const key = 'http_requests_total{route="/api/v1/signals",code="201"}';
    const producer = await w.producer();
    await w.sent(producer);
    const before = await atRest(key);
    await inLanes(24, 8, () => w.sent(producer));
    await counted(key, sample(before, key) + 24);
    const after = await scrape();
    const create = 'signals_create_seconds_count';
    expect(sample(after, create)).toBe(sample(before, create) + 24);
    expect(sample(after, 'signals_create_seconds_bucket{le="+Inf"}')).toBe(sample(after, create));
    expect(sample(after, 'request_duration_seconds_count')).toBeGreaterThan(24);
  });

  test('makes no label of anything that a caller says', async () => {
    const mark = `evil${unique()}`;
    const producer = await w.producer();
    await w.plain(`/${mark}/%22%7D?${mark}=1`);
    await w.plain(`/api/v1/signals/${mark}`);
    await w.plain(`/charts/${mark}.png?sig=${mark}`);
    await w.plain('/healthz', { method: 'PURGE', headers: { 'user-agent': mark } });
    await w.as(mark, 'GET', '/api/v1/me');
    await w.rt.call(signedAsk({ ...producer, id: crypto.randomUUID() }, `{"instrument":"${mark}"}`));
    await w.send(producer, { ...w.signal(), instrument: mark.toUpperCase() });
    await w.send(producer, { ...w.signal(), [mark]: 1, strategy: mark });
    await w.refusal(w.send(producer, '{'), 400, 'invalid-json');
    const key = 'signals_refused_total{reason="invalid-json"}';
    await until('the refusals are flushed', async () => sample(await scrape(), key) > 0 || null);
    const { labelValues } = await scrape();
    for (const value of labelValues) {
      expect(value.toLowerCase()).not.toContain(mark);
      expect(value).toMatch(/^(unmatched|\/[a-z0-9/:._{}-]*|[A-Z0-9_.]{2,20}|[a-z0-9_-]+|\+Inf|[0-9.]+)$/i);
    }
  });

  test('stores no row of a caller that proves nothing', async () => {
    const rows = (): Promise<number> =>
      w.count(
        'SELECT (SELECT count(*) FROM audit_log) + (SELECT count(*) FROM outbox) + (SELECT count(*) FROM signals)',
      );
    const before = await rows();
    for (let i = 0; i < 5; i += 1)
      await w.refusal(
        w.plain(SIGNALS, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }),
        401,
        'unauthorized',
      );
    expect(await rows()).toBe(before);
  });

  test('counts one beat for each tick, and knows when the last one ended', async () => {
    const before = sample(await scrape(), 'heartbeat_total');
    await w.rt.tick();
    await w.rt.tick();
    const after = await scrape();
    expect(sample(after, 'heartbeat_total')).toBe(before + 2);
    const last = sample(after, 'last_successful_tick_timestamp_seconds');
    expect(Math.abs(Date.now() / 1000 - last)).toBeLessThan(60);
  });

  test('counts calls to bridges, and the snapshots that were applied', async () => {
    const trader = await w.trader();
    const ok = 'mt5_connect_total{result="ok"}';
    const before = await scrape();
    await w.reconcile(trader.user, trader.accountId);
    await until('the run and the call are counted', async () => {
      const now = await scrape();
      const synced = 'mt5_position_sync_total';
      return (sample(now, ok) > sample(before, ok) && sample(now, synced) > sample(before, synced)) || null;
    });
    // Work of earlier tests may still be reconciled in the background: once that rests, the two agree for good.
    const agree = async () => {
      const stored = await w.count("SELECT count(*) FROM reconciliation_runs WHERE outcome = 'applied'");
      return sample(await scrape(), 'mt5_position_sync_total') === stored || null;
    };
    expect(await until('the counter and the rows agree', agree)).toBe(true);
  });
}
