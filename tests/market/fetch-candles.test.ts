import { PgDialect } from 'drizzle-orm/pg-core';
import { describe, expect, it } from 'vitest';
import { fetchCandles } from '../../functions/market/fetch-candles.ts';
import { need } from '../../functions/platform/config.ts';
import type { Database, Row } from '../../functions/platform/database.ts';
import { utf8 } from '../../functions/platform/encoding.ts';
import { seal } from '../../functions/platform/secret-box.ts';
import { type BridgeScript, scriptedBridge } from '../support/scripted-bridge.ts';
import { START_MS, testClock } from '../support/test-clock.ts';
import { testConfig, testDeps } from '../support/test-deps.ts';

const BRIDGE_ID = '0199c7a0-0000-7000-8000-00000000000b';
const HOUR_MS = 3_600_000;
const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i);
const urls = { runtimeUrl: 'postgresql://app:pw@127.0.0.1:1/test', httpUrl: 'http://127.0.0.1:1/sql' };
const OF = { accountId: 'account', bridgeId: BRIDGE_ID, symbol: 'XAUUSD', timeframe: 'H1' as const };
/** Ten hours ago the first of them began. */
const hourMs = (hour: number) => START_MS + (hour - 10) * HOUR_MS;
const bar = (hour: number, close: string) => ({
  time: new Date(hourMs(hour)).toISOString(),
  open: '2000.0',
  high: '2100.50',
  low: '1999',
  close,
  volume: '10',
});

/** A database that knows one bridge, keeps the candles that it is given, once each, and gives them back newest first. */
async function scene(script: BridgeScript, known = true) {
  const clock = testClock();
  const config = testConfig(urls);
  const place = { table: 'bridge_secrets', row: BRIDGE_ID, version: 1 };
  const sealed = await seal(need(config, 'BRIDGE_KEYS'), place, SECRET, new Uint8Array(12));
  const bridgeRow: Row = {
    id: BRIDGE_ID,
    owner_id: 'owner',
    name: 'bridge',
    url: 'http://127.0.0.1:2/bridge',
    created_at: '2026-01-01 00:00:00+00',
    revoked_at: null,
    version: 1,
    key_id: sealed.keyId,
    iv: sealed.iv,
    ciphertext: sealed.ciphertext,
  };
  const stored = new Map<string, Row>();
  const db: Database = {
    batch: (statements) => Promise.all(statements.map((s) => db.run(s))),
    run: async (statement) => {
      const { sql, params } = new PgDialect().sqlToQuery(statement);
      if (sql.includes('FROM bridges')) return known ? [bridgeRow] : [];
      if (sql.includes('INSERT INTO candles')) {
        const rows = JSON.parse(String(params.find((p) => String(p).startsWith('[')))) as (Row & {
          time: string;
        })[];
        for (const row of rows) if (!stored.has(row.time)) stored.set(row.time, row);
        return [];
      }
      const limit = Number(params.at(-1));
      return [...stored.values()]
        .sort((a, b) => String(b['time']).localeCompare(String(a['time'])))
        .slice(0, limit);
    },
  };
  const bridge = scriptedBridge(SECRET, clock, script);
  return { bridge, stored, deps: testDeps({ ...urls, db }, { outbound: bridge.outbound, clock }) };
}

describe('candles of an account', () => {
  it('are asked for from its bridge, kept, and given oldest first in plain decimals', async () => {
    const { bridge, deps } = await scene({
      candles: () => ({ candles: [bar(0, '2001.10'), bar(1, '2002')] }),
    });
    const found = await fetchCandles(deps, OF, 10);
    expect(found.map((c) => [c.timeMs, c.close, c.high])).toEqual([
      [hourMs(0), '2001.1', '2100.5'],
      [hourMs(1), '2002', '2100.5'],
    ]);
    expect(bridge.received).toMatchObject([
      { kind: 'candles', symbol: 'XAUUSD', timeframe: 'H1', count: 10 },
    ]);
  });

  it('are at most as many as were asked for, the newest', async () => {
    const { deps } = await scene({
      candles: () => ({ candles: [0, 1, 2, 3].map((h) => bar(h, String(2000 + h))) }),
    });
    expect((await fetchCandles(deps, OF, 2)).map((c) => c.close)).toEqual(['2002', '2003']);
  });

  it('that were seen before are what is left when the bridge is silent', async () => {
    const { bridge, deps } = await scene({ candles: () => ({ candles: [bar(0, '2001')] }) });
    await fetchCandles(deps, OF, 10);
    bridge.script = {};
    expect((await fetchCandles(deps, OF, 10)).map((c) => c.close)).toEqual(['2001']);
  });

  it('of an empty or false answer change nothing that was seen', async () => {
    const { bridge, deps, stored } = await scene({ candles: () => ({ candles: [bar(0, '2001')] }) });
    await fetchCandles(deps, OF, 10);
    bridge.script = { candles: () => ({ candles: [] }) };
    expect(await fetchCandles(deps, OF, 10)).toHaveLength(1);
    bridge.script = {
      candles: () => ({ candles: [bar(1, '9')] }),
      tamper: (reply) => ({ ...reply, body: utf8('{}') }),
    };
    expect(await fetchCandles(deps, OF, 10)).toHaveLength(1);
    expect(stored.size).toBe(1);
  });

  it('that have not ended by the broker’s clock, or by ours where it states none, are not kept', async () => {
    const { bridge, deps } = await scene({ candles: () => ({ candles: [bar(9, '1999'), bar(10, '2000')] }) });
    expect((await fetchCandles(deps, OF, 10)).map((c) => c.timeMs)).toEqual([hourMs(9)]);
    const ahead = new Date(hourMs(12)).toISOString();
    bridge.script = { candles: () => ({ server_now: ahead, candles: [bar(11, '2000'), bar(12, '2000')] }) };
    expect((await fetchCandles(deps, OF, 10)).map((c) => c.timeMs)).toEqual([hourMs(9), hourMs(11)]);
  });

  it('of a reply with one bar that cannot be are none of them kept', async () => {
    const { deps, stored } = await scene({ candles: () => ({ candles: [bar(0, '2001'), bar(1, '9')] }) });
    expect(await fetchCandles(deps, OF, 10)).toEqual([]);
    expect(stored.size).toBe(0);
  });

  it('of an unknown bridge are none, and nobody is called', async () => {
    const { bridge, deps } = await scene({ candles: () => ({ candles: [bar(0, '2001')] }) }, false);
    expect(await fetchCandles(deps, OF, 10)).toEqual([]);
    expect(bridge.received).toEqual([]);
  });
});
