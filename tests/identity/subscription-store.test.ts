import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listAudit } from '../../functions/identity/audit-store.ts';
import { insertBridge, listBridges, readBridge } from '../../functions/identity/bridge-store.ts';
import { listInstruments, putInstrument } from '../../functions/identity/instrument-store.ts';
import {
  deleteSubscription,
  insertSubscription,
  listSubscriptions,
} from '../../functions/identity/subscription-store.ts';
import { auditOf, makeBridge, makeProducer, makeUser, type Stage } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let stage: Stage;
beforeAll(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
});
afterAll(() => t?.drop());
const nowMs = () => stage.deps.clock.nowMs();
const page = { page: 1, page_size: 100 };

describe('subscriptions', () => {
  const subscribe = (producerId: string, userId: string) =>
    insertSubscription(
      t.db,
      { producerId, userId, createdMs: nowMs() },
      auditOf(stage.deps, userId, 'subscribe'),
    );

  it('are made once, however many ask at once, end once, and name what is unknown', async () => {
    const userId = await makeUser(stage);
    const producer = await makeProducer(stage, await makeUser(stage));
    const ends = await Promise.all(Array.from({ length: 20 }, () => subscribe(producer.id, userId)));
    expect(ends.filter((e) => e.kind === 'created').length).toBe(1);
    expect(ends.filter((e) => e.kind === 'exists').length).toBe(19);
    expect(await subscribe(stage.deps.ids.next(), userId)).toEqual({ kind: 'unknown' });
    expect(await subscribe(producer.id, stage.deps.ids.next())).toEqual({ kind: 'unknown' });
    const audit = await t.sql(`SELECT 1 FROM audit_log WHERE action = 'subscribe' AND subject_id = $1`, [
      userId,
    ]);
    expect(audit.length).toBe(1);
    const leave = () => deleteSubscription(t.db, producer.id, userId, auditOf(stage.deps, userId, 'leave'));
    expect([await leave(), await leave()]).toEqual([true, false]);
    expect((await listSubscriptions(t.db, userId, page)).items).toEqual([]);
  });

  it('of several users to one producer in the same millisecond are each listed once, page by page', async () => {
    const producer = await makeProducer(stage, await makeUser(stage));
    const users = await Promise.all(Array.from({ length: 7 }, () => makeUser(stage)));
    await Promise.all(users.map((u) => subscribe(producer.id, u)));
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const found = await listSubscriptions(t.db, null, {
        page: 1,
        page_size: 2,
        ...(cursor ? { cursor } : {}),
      });
      seen.push(...found.items.filter((s) => s.producerId === producer.id).map((s) => s.userId));
      cursor = found.next_cursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen.sort()).toEqual(users.sort());
    expect((await listSubscriptions(t.db, users[0] ?? '', page)).items).toEqual([
      { producerId: producer.id, userId: users[0], createdMs: nowMs() },
    ]);
  });
});

describe('bridges', () => {
  it('are read with their newest secret while they live, and listed to their owner', async () => {
    const ownerId = await makeUser(stage);
    const made = await makeBridge(stage, ownerId);
    expect(await readBridge(t.db, made.id)).toMatchObject({
      bridge: { id: made.id, ownerId, revoked: false },
      secret: { version: 1 },
    });
    await t.sql(
      `INSERT INTO bridge_secrets SELECT bridge_id, 2, key_id, iv, ciphertext, created_at FROM bridge_secrets WHERE bridge_id = $1`,
      [made.id],
    );
    expect(await readBridge(t.db, made.id)).toMatchObject({ secret: { version: 2 } });
    expect((await listBridges(t.db, ownerId, page)).items.map((b) => b.id)).toEqual([made.id]);
    expect((await listBridges(t.db, await makeUser(stage), page)).items).toEqual([]);
    await t.sql('UPDATE bridges SET revoked_at = now() WHERE id = $1', [made.id]);
    expect(await readBridge(t.db, made.id)).toBeNull();
    expect((await listBridges(t.db, ownerId, page)).items).toMatchObject([{ id: made.id, revoked: true }]);
  });

  it('leave nothing of one whose owner nobody knows', async () => {
    const id = stage.deps.ids.next();
    const bridge = {
      id,
      ownerId: stage.deps.ids.next(),
      name: 'x',
      url: 'https://x.test',
      createdMs: nowMs(),
      revoked: false,
    };
    const secret = { version: 1, keyId: 'k', iv: 'iv', ciphertext: 'c' };
    await expect(insertBridge(t.db, bridge, secret, auditOf(stage.deps, id))).rejects.toThrow();
    expect(await t.sql('SELECT 1 FROM audit_log WHERE subject_id = $1', [id])).toEqual([]);
  });
});

describe('instruments', () => {
  it('are added once and changed afterwards, each change with its audit row', async () => {
    const put = (digits: number, enabled: boolean) =>
      putInstrument(
        t.db,
        { symbol: 'GER40.x'.toUpperCase(), digits, enabled },
        nowMs(),
        auditOf(stage.deps, 'GER40.X', 'put'),
      );
    await put(1, true);
    await Promise.all([put(2, false), put(2, false)]);
    expect((await listInstruments(t.db)).filter((i) => i.symbol === 'GER40.X')).toEqual([
      { symbol: 'GER40.X', digits: 2, enabled: false },
    ]);
    const { items } = await listAudit(t.db, { action: 'put', subject: 'GER40.X' }, page);
    expect(items.length).toBe(3);
    expect(items[0]).toMatchObject({
      atMs: nowMs(),
      actorKind: 'system',
      actorId: null,
      detail: {},
      requestId: 'test',
    });
    expect((await listAudit(t.db, { action: 'never' }, page)).items).toEqual([]);
  });
});
