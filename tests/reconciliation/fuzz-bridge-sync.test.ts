// Whatever a bridge that proves itself brings, it is taken or refused by name: nothing of it is a fault of ours.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { callApp } from '../support/app-call.ts';
import { HOSTILE_TEXTS, hostileValue } from '../support/hostile-json.ts';
import { PolledDesk, TARGET } from '../support/polled-desk.ts';
import { caseCensus, runs } from '../support/property.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const MARK = '"⟦here⟧"';
let t: TestDatabase;
beforeAll(async () => {
  t = await createTestDatabase();
});
afterAll(() => t?.drop());

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** The value with one member, at some depth, replaced by a mark; `way` says which at each level. */
function marked(value: Json, way: readonly number[]): Json {
  const [turn, ...rest] = way;
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  if (turn === undefined || keys.length === 0) return JSON.parse(MARK);
  const key = keys[turn % keys.length] ?? '';
  if (Array.isArray(value)) return value.map((v, i) => (String(i) === key ? marked(v, rest) : v));
  return { ...(value as object), [key]: marked((value as Record<string, Json>)[key] ?? null, rest) };
}

it('of no hostile value anywhere in a request makes a fault', async () => {
  const desk = await PolledDesk.make(t);
  const { login } = desk.at.desk.account;
  await desk.sync();
  await desk.at.approve();
  desk.at.control('/manual-trade', { login, symbol: 'XAUUSD', side: 'buy', volume: '0.1' });
  await desk.sync();
  await desk.sync();
  const census = caseCensus('200', '400', '422');
  const { deals_from } = desk.last.said;
  const execution = desk.exchanges.flatMap((e) => e.sent.replies)[0];
  const lookup = { ...execution, kind: 'lookup', result: undefined, journal: 'absent' };
  const nothing = { orders: [], history_orders: [], positions: [], deals: [] };
  const sound = (): Json => {
    desk.at.deps.clock.advance(1_000);
    const { snapshot } = desk.last.sent;
    const fresh = { ...snapshot, seq: snapshot.seq + 1, captured_at: new Date(desk.at.deps.clock.nowMs()) };
    const replies = [execution, { ...lookup, ...nothing }];
    const head = { v: 1, kind: 'sync', request_id: 'r', sent_at: fresh.captured_at, deals_from };
    return JSON.parse(JSON.stringify({ ...head, snapshot: fresh, replies }));
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(1_000), { minLength: 1, maxLength: 5 }),
      hostileValue,
      async (way, raw) => {
        const body = JSON.stringify(marked(sound(), way)).replace(MARK, () => raw);
        const { headers } = desk.signed(body);
        const answer = await callApp(desk.at.deps, TARGET, { method: 'POST', headers, body });
        const { status } = answer;
        census.note(String(status) as '200', true);
        expect([200, 400, 422], `${status} for ${raw}`).toContain(status);
      },
    ),
    runs(250),
  );
  census.expectAllMet();
  // What bars are of is told by an id that the bridge repeats.
  const bar = { time: '2026-03-02T09:00:00Z', open: '1', high: '2', low: '1', close: '2', volume: '1' };
  for (const text of [...HOSTILE_TEXTS.filter((hostile) => hostile.isWellFormed()), 'x'.repeat(5_000)]) {
    const request_id = `candles:${encodeURIComponent(text)}:M5:1::`;
    const candles = { ...lookup, kind: 'candles', request_id, candles: [bar] };
    const { headers, body } = desk.signed(JSON.stringify({ ...(sound() as object), replies: [candles] }));
    const { status } = await callApp(desk.at.deps, TARGET, { method: 'POST', headers, body });
    expect(status, request_id).toBe(200);
  }
});
