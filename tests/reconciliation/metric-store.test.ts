import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertApproval } from '../../functions/approvals/approval-store.ts';
import { takeLease } from '../../functions/execution/account-lease-store.ts';
import { settleCommand } from '../../functions/execution/command-settlement-store.ts';
import { refuseEntry } from '../../functions/execution/command-store.ts';
import { consume, runTick } from '../../functions/jobs.ts';
import { isoTime } from '../../functions/platform/clock.ts';
import { prometheusText } from '../../functions/platform/prometheus-text.ts';
import { readStoredMetrics, rollUpMetrics } from '../../functions/reconciliation/metric-store.ts';
import { ingestSignal } from '../../functions/signals/ingest-store.ts';
import {
  approveSignal,
  auditOf,
  CLIENT,
  decisionOf,
  freshMarkets,
  makeDesk,
  newSignal,
  type Stage,
  storeSignal,
} from '../support/organisation.ts';
import { parsePrometheus } from '../support/prometheus.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

const HOUR_MS = 3_600_000;
let t: TestDatabase;
let stage: Stage;
let desk: Awaited<ReturnType<typeof makeDesk>>;
beforeAll(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
  desk = await makeDesk(stage);
});
afterAll(() => t?.drop());

const page = async () => parsePrometheus(prometheusText(await readStoredMetrics(t.db))).samples;
const sumOf = async (name: string): Promise<number> => {
  let sum = 0;
  for (const [key, value] of await page()) if (key === name || key.startsWith(`${name}{`)) sum += value;
  return sum;
};
const stored = async (what: string): Promise<number> =>
  Number((await t.sql(`SELECT count(*)::int AS n FROM ${what}`))[0]?.['n']);
const rolledUp = async (metric: string): Promise<number> =>
  Number(
    (await t.sql('SELECT coalesce(sum(value), 0) AS n FROM metric_totals WHERE metric = $1', [metric]))[0]?.[
      'n'
    ],
  );

/** Rolls up until the total stands in the table; other databases of the server may hold the cursor back for a while. */
async function untilRolledUp(metric: string, total: number): Promise<void> {
  for (let i = 0; (await rolledUp(metric)) < total; i += 1) {
    if (i > 2_000) throw new Error(`${metric} was never rolled up`);
    stage.deps.clock.advance(HOUR_MS);
    await rollUpMetrics(stage.deps);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('counters over rows', () => {
  it('are exactly the number of rows and never fall, while two instances store and two schedulers roll up', async () => {
    const other = testDeps(t, { clock: stage.deps.clock });
    const before = await stored('signals');
    let storing = true;
    const lane = async (deps: typeof other) => {
      for (let i = 0; i < 60; i += 1) {
        const signal = newSignal({ t, deps }, desk.producer.id, {
          external_id: crypto.randomUUID(),
          side: i % 3 ? 'buy' : 'sell',
        });
        expect((await ingestSignal(deps.db, signal)).kind).toBe('created');
        // 21 minutes in all, so that cursors move; 14 by the other lanes, so that no id is older than the store allows.
        stage.deps.clock.advance(7_000);
      }
    };
    const schedule = async () => {
      while (storing) await rollUpMetrics(stage.deps);
    };
    const scrape = async () => {
      const seen = [before];
      while (storing) seen.push(await sumOf('signals_ingested_total'));
      return seen;
    };
    const ticking = [schedule(), schedule()];
    const scraping = [scrape(), scrape()];
    await Promise.all([lane(stage.deps), lane(other), lane(other)]).finally(() => {
      storing = false;
    });
    await Promise.all(ticking);
    for (const seen of await Promise.all(scraping)) {
      expect(seen.length).toBeGreaterThan(2);
      expect(seen).toEqual(seen.toSorted((x, y) => x - y));
    }
    expect(await stored('signals')).toBe(before + 180);
    expect(await sumOf('signals_ingested_total')).toBe(before + 180);
    const samples = await page();
    expect(samples.get('signals_ingested_total{instrument="XAUUSD",side="sell"}')).toBe(60);
    await untilRolledUp('signals_ingested_total', before + 180);
    expect(await sumOf('signals_ingested_total')).toBe(before + 180);
  });

  it('rise with every scrape or stay, one after the other', async () => {
    let last = 0;
    for (let i = 0; i < 20; i += 1) {
      if (i % 2) await storeSignal(stage, desk.producer.id);
      stage.deps.clock.advance(10 * 60_000);
      const [now] = await Promise.all([
        sumOf('signals_ingested_total'),
        rollUpMetrics(stage.deps),
        rollUpMetrics(stage.deps),
      ]);
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
    expect(await sumOf('signals_ingested_total')).toBe(await stored('signals'));
  });

  it('count a row once however often, and by however many at once, they are rolled up', async () => {
    const all = await stored('signals');
    await untilRolledUp('signals_ingested_total', all);
    for (let i = 0; i < 5; i += 1) {
      await Promise.all(Array.from({ length: 6 }, () => rollUpMetrics(stage.deps)));
      stage.deps.clock.advance(HOUR_MS);
    }
    expect(await rolledUp('signals_ingested_total')).toBe(all);
    expect(await sumOf('signals_ingested_total')).toBe(all);
  });

  it('do not step over a row whose transaction ends an hour after its time', async () => {
    const client = await t.connect('runtime');
    const all = await stored('signals');
    await client.query('BEGIN');
    await client.query(
      `INSERT INTO signals SELECT (jsonb_populate_record(s, jsonb_build_object('id', $1::text, 'mac', 'late',
         'external_id', 'late'))).* FROM signals s WHERE id = (SELECT max(id::text)::uuid FROM signals)`,
      [stage.deps.ids.next()],
    );
    for (let i = 0; i < 5; i += 1) {
      stage.deps.clock.advance(HOUR_MS);
      await rollUpMetrics(stage.deps);
    }
    expect(await sumOf('signals_ingested_total')).toBe(all);
    await client.query('COMMIT');
    expect(await sumOf('signals_ingested_total')).toBe(all + 1);
    await untilRolledUp('signals_ingested_total', all + 1);
    expect(await sumOf('signals_ingested_total')).toBe(all + 1);
  });

  it('go on where transaction numbers begin anew, as after a restore from a dump', async () => {
    const all = await stored('signals');
    await t.sql('UPDATE metric_cursors SET candidate_xid = 4000000000000');
    await storeSignal(stage, desk.producer.id);
    expect(await sumOf('signals_ingested_total')).toBe(all + 1);
    await untilRolledUp('signals_ingested_total', all + 1);
    expect(await sumOf('signals_ingested_total')).toBe(all + 1);
  });
});

describe('decisions', () => {
  it('are counted by what was decided, their latency once each with its seconds', async () => {
    const before = await page();
    const first = await storeSignal(stage, desk.producer.id);
    stage.deps.clock.advance(5_000);
    const approval = await decisionOf(stage, first.id, desk.userId);
    await insertApproval(t.db, approval, CLIENT, stage.deps.ids.next(), auditOf(stage.deps, first.id));
    const second = await storeSignal(stage, desk.producer.id);
    stage.deps.clock.advance(61_250);
    const rejection = await decisionOf(stage, second.id, desk.userId, { decision: 'rejected' });
    await insertApproval(
      t.db,
      { ...rejection, accountId: null },
      CLIENT,
      stage.deps.ids.next(),
      auditOf(stage.deps, second.id),
    );
    const check = async () => {
      const now = await page();
      const grown = (key: string) => Number(((now.get(key) ?? 0) - (before.get(key) ?? 0)).toFixed(3));
      expect(grown('approvals_total{decision="approved"}')).toBe(1);
      expect(grown('approvals_total{decision="rejected"}')).toBe(1);
      const buckets = ['5', '15', '60', '120', '+Inf'].map((le) =>
        grown(`approval_latency_seconds_bucket{le="${le}"}`),
      );
      expect(buckets).toEqual([1, 1, 1, 2, 2]);
      expect(grown('approval_latency_seconds_sum')).toBe(66.25);
      expect(grown('approval_latency_seconds_count')).toBe(2);
    };
    await check();
    await untilRolledUp('approvals_total', await stored('approvals'));
    await check();
  });
});

describe('orders', () => {
  /** An approved signal whose command is made and not sent. */
  const command = async (): Promise<{ approvalId: string; commandId: string }> => {
    await freshMarkets(stage);
    const signal = await storeSignal(stage, desk.producer.id);
    const { approval, eventId } = await approveSignal(stage, signal.id, desk.userId);
    await consume(stage.deps, [{ kind: 'outbox', id: eventId }]);
    const [row] = await t.sql('SELECT id FROM commands WHERE approval_id = $1', [approval.id]);
    return { approvalId: approval.id, commandId: String(row?.['id']) };
  };
  const rejected = async (reason: string) =>
    (await page()).get(`orders_rejected_total{reason="${reason}"}`) ?? 0;

  it('are counted when they are built, sent or not', async () => {
    const before = await sumOf('orders_built_total');
    await command();
    await command();
    expect(await sumOf('orders_built_total')).toBe(before + 2);
    expect(await stored('commands')).toBe(before + 2);
  });

  it('that fail are counted by a closed list of reasons; whatever else a bridge says is other', async () => {
    const said = ['retcode-10019', 'price_outside_band', 'evil"} 1\nx', 'retcode-99999', 'ü'.repeat(300), ''];
    const before = await rejected('other');
    const lease = await takeLease(t.db, desk.account.id, stage.deps.clock.nowMs());
    if (lease === null) throw new Error('the lease is held');
    for (const reason of said) {
      const { commandId } = await command();
      const failed = { state: 'failed' as const, reason, retcode: null, brokerComment: null };
      for (let twice = 0; twice < 2; twice += 1)
        await settleCommand(
          t.db,
          lease,
          { id: commandId, from: ['created'] },
          failed,
          stage.deps.clock.nowMs(),
        );
    }
    expect([await rejected('retcode-10019'), await rejected('price_outside_band')]).toEqual([1, 1]);
    expect(await rejected('other')).toBe(before + 4);
    const { labelValues } = parsePrometheus(prometheusText(await readStoredMetrics(t.db)));
    for (const value of labelValues) expect(value).toMatch(/^[A-Za-z0-9_.+-]{1,30}$/);
  });

  it('that are refused before a command are counted with their reason', async () => {
    const signal = await storeSignal(stage, desk.producer.id);
    const { approval, eventId } = await approveSignal(stage, signal.id, desk.userId);
    await refuseEntry(t.db, approval.id, 'bridge-silent', eventId, stage.deps.clock.nowMs());
    await refuseEntry(t.db, approval.id, 'bridge-silent', eventId, stage.deps.clock.nowMs());
    expect(await rejected('bridge-silent')).toBe(1);
  });

  it('stay counted when the broker’s deals prove that the order was executed after all', async () => {
    const before = await sumOf('orders_rejected_total');
    await t.sql('UPDATE deliveries SET status = 3, refusal = NULL WHERE status = 7');
    expect(await sumOf('orders_rejected_total')).toBe(before);
    await untilRolledUp('orders_rejected_total', before);
    expect(await sumOf('orders_rejected_total')).toBe(before);
  });
});

describe('reconciliation', () => {
  it('is counted by applied snapshots, its time by all runs, and differences by a closed list of codes', async () => {
    const at = stage.deps.clock.nowMs();
    const run = (outcome: string, tookMs: number) =>
      t.sql(
        `INSERT INTO reconciliation_runs (id, account_id, outcome, new_deals, events, started_at, finished_at)
         VALUES ($1, $2, $3, 0, '[]', $4, $5)`,
        [stage.deps.ids.next(), desk.account.id, outcome, isoTime(at), isoTime(at + tookMs)],
      );
    await run('applied', 100);
    await run('applied', 101);
    await run('bridge-timeout', 10_000);
    for (const [i, code] of ['VOLUME_GAP', 'ORPHAN_OWN', 'x"}\n', 'NEW_CODE'].entries())
      await t.sql(
        `INSERT INTO divergences (id, account_id, code, broker_key, evidence, status, detected_at)
         VALUES (gen_random_uuid(), $1, $2, $3, '{}', 'open', $4)`,
        [desk.account.id, code, String(i), isoTime(at)],
      );
    const check = async () => {
      const now = await page();
      expect(now.get('mt5_position_sync_total')).toBe(2);
      expect(now.get('reconciliation_latency_seconds_bucket{le="0.1"}')).toBe(1);
      expect(now.get('reconciliation_latency_seconds_bucket{le="0.25"}')).toBe(2);
      expect(now.get('reconciliation_latency_seconds_count')).toBe(3);
      expect(now.get('reconciliation_latency_seconds_sum')).toBe(10.201);
      const reasons = ['VOLUME_GAP', 'ORPHAN_OWN', 'EXTERNAL_POSITION', 'other'];
      expect(reasons.map((r) => now.get(`reconciliation_divergences_total{reason="${r}"}`))).toEqual([
        1, 1, 0, 2,
      ]);
    };
    await check();
    await untilRolledUp('reconciliation_divergences_total', 4);
    await check();
  });
});

describe('guards', () => {
  const trip = (cause: string, shadow: boolean, at: number, flat: number | null) =>
    t.sql(
      `INSERT INTO guard_trips (id, account_id, cause, shadow, scope, evidence, warned_at, deadline_at, triggered_at, flat_at,
         ended_at) VALUES (gen_random_uuid(), $1, $2, $3, 'all', '{}', $4, $4, $4, $5, $5)`,
      [desk.account.id, cause, shadow, isoTime(at), flat === null ? null : isoTime(flat)],
    );
  const out = (ticket: number, position: number, at: number, reason = 'expert') =>
    t.sql(
      `INSERT INTO broker_deals (account_id, ticket, order_ticket, position_id, time, type, entry, magic, reason, symbol, volume,
         price, commission, swap, profit, fee, comment, external_id, recorded_at)
       VALUES ($1, $2, $2, $3, $4, 'sell', 'out', 0, $5, 'XAUUSD', 1, 1, 0, 0, 0, 0, '', '', $4)`,
      [desk.account.id, String(ticket), String(position), isoTime(at), reason],
    );

  it('are counted by what they began to close, and each position that a program took out of once, by its cause', async () => {
    const at = stage.deps.clock.nowMs();
    await trip('drawdown,floor', false, at, at + 10_000);
    await trip('daily:a, b', false, at + 20_000, at + 30_000);
    await trip('floor', true, at, null);
    await trip('person', false, at + 40_000, null);
    await out(1, 71, at + 1_000);
    await out(2, 71, at + 2_000);
    await out(3, 72, at + 3_000, 'client');
    await out(4, 73, at + 15_000);
    await out(5, 74, at + 25_000);
    await out(6, 75, at + 41_000);
    const check = async () => {
      const now = await page();
      expect(now.get('drawdown_guard_triggers_total')).toBe(2);
      const causes = ['drawdown', 'floor', 'daily', 'person', 'other'];
      expect(causes.map((c) => now.get(`positions_autoclosed_total{reason="${c}"}`))).toEqual([
        1, 0, 1, 1, 0,
      ]);
    };
    await check();
    await untilRolledUp('positions_autoclosed_total', 3);
    await check();
    // Of a closing that goes on what comes later counts, and what was counted before does not again.
    await out(7, 75, stage.deps.clock.nowMs());
    await out(8, 76, stage.deps.clock.nowMs());
    expect((await page()).get('positions_autoclosed_total{reason="person"}')).toBe(2);
  });
});

describe('the schedule', () => {
  it('beats once a tick, however often the tick comes, and also when its rows are forgotten', async () => {
    const before = await sumOf('heartbeat_total');
    const other = testDeps(t, { clock: stage.deps.clock });
    for (let i = 0; i < 3; i += 1) {
      stage.deps.clock.advance(60_000);
      const nowMs = stage.deps.clock.nowMs();
      await Promise.all([runTick(stage.deps, nowMs), runTick(other, nowMs), runTick(stage.deps, nowMs)]);
    }
    expect(await sumOf('heartbeat_total')).toBe(before + 3);
    expect((await page()).get('last_successful_tick_timestamp_seconds')).toBe(
      stage.deps.clock.nowMs() / 1000,
    );
    await t.sql('DELETE FROM schedule_ticks');
    expect(await sumOf('heartbeat_total')).toBe(before + 3);
    expect((await page()).has('last_successful_tick_timestamp_seconds')).toBe(false);
  });

  it('shows what waits and what was given up', async () => {
    await t.sql('UPDATE outbox SET done_at = now()');
    await storeSignal(stage, desk.producer.id);
    await storeSignal(stage, desk.producer.id);
    await storeSignal(stage, desk.producer.id);
    await t.sql(
      'UPDATE outbox SET dead_at = now() WHERE id = (SELECT id FROM outbox WHERE done_at IS NULL LIMIT 1)',
    );
    const now = await page();
    expect(now.get('outbox_depth{state="waiting"}')).toBe(2);
    expect(now.get('outbox_depth{state="dead"}')).toBe(1);
  });
});
