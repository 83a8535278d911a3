import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertBridge, listBridges, readBridge } from '../../functions/identity/bridge-store.ts';
import { auditOf, makeBridge, makeUser, type Stage } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase, untilBlocked } from '../support/test-database.ts';
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
    expect(await insertBridge(t.db, bridge, secret, 50, auditOf(stage.deps, id))).toBe(false);
    expect(await readBridge(t.db, id)).toBeNull();
    expect(await t.sql('SELECT 1 FROM audit_log WHERE subject_id = $1', [id])).toEqual([]);
  });

  it('are as many as one may have, however many are asked for at once; a revoked one makes room', async () => {
    const ownerId = await makeUser(stage);
    const add = (most: number) => {
      const id = stage.deps.ids.next();
      const bridge = { id, ownerId, name: 'x', url: null, createdMs: nowMs(), revoked: false };
      const secret = { version: 1, keyId: 'k', iv: 'iv', ciphertext: 'c' };
      return insertBridge(t.db, bridge, secret, most, auditOf(stage.deps, id));
    };
    const holder = await t.connect('owner');
    await holder.query('BEGIN');
    await holder.query('SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [ownerId]);
    const asked = Promise.all(Array.from({ length: 8 }, () => add(3)));
    await untilBlocked(t, 8);
    await holder.query('COMMIT');
    expect((await asked).filter((made) => made).length).toBe(3);
    await t.sql(
      'UPDATE bridges SET revoked_at = now() WHERE id = (SELECT id FROM bridges WHERE owner_id = $1 LIMIT 1)',
      [ownerId],
    );
    expect([await add(3), await add(3)]).toEqual([true, false]);
    // What an admin has set for a person counts, whether more or less.
    await t.sql('UPDATE users SET max_bridges = 4 WHERE id = $1', [ownerId]);
    expect([await add(3), await add(3)]).toEqual([true, false]);
    await t.sql('UPDATE users SET max_bridges = 0 WHERE id = $1', [ownerId]);
    expect(await add(100)).toBe(false);
    const audits = await t.sql(
      `SELECT 1 FROM audit_log l JOIN bridges b ON b.id::text = l.subject_id WHERE b.owner_id = $1`,
      [ownerId],
    );
    expect(audits.length).toBe(5);
  });
});
