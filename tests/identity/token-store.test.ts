import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  findHolder,
  findHolderById,
  insertToken,
  listTokens,
  revokeToken,
} from '../../functions/identity/token-store.ts';
import { auditOf, makeUser, type Stage } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let stage: Stage;
beforeAll(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
});
afterAll(() => t?.drop());

const LIFE_MS = 86_400_000;
const nowMs = () => stage.deps.clock.nowMs();
async function makeToken(userId: string, scopes: string[] = ['signals:read', 'admin']) {
  const id = stage.deps.ids.next();
  const sha256 = `hash-${id}`;
  const token = { id, userId, name: 'A "token"', scopes, createdMs: nowMs(), expiresMs: nowMs() + LIFE_MS };
  await insertToken(t.db, { ...token, sha256, createdBy: userId }, auditOf(stage.deps, id, 'token.create'));
  return { ...token, sha256 };
}
const revoke = (id: string, userId: string | null) =>
  revokeToken(t.db, id, userId, nowMs(), auditOf(stage.deps, id, 'token.revoke'));
const page = { page: 1, page_size: 100 };

describe('access tokens', () => {
  it('name their holder by hash and by id, with the scopes that the role still allows', async () => {
    const userId = await makeUser(stage, 'user');
    const token = await makeToken(userId);
    const holder = { tokenId: token.id, userId, role: 'user', scopes: ['signals:read'] };
    expect(await findHolder(t.db, token.sha256, nowMs())).toEqual(holder);
    expect(await findHolderById(t.db, token.id, userId, nowMs())).toEqual(holder);
    expect(await findHolderById(t.db, token.id, await makeUser(stage), nowMs())).toBeNull();
    await t.sql(`UPDATE users SET role = 'admin' WHERE id = $1`, [userId]);
    expect(await findHolder(t.db, token.sha256, nowMs())).toMatchObject({
      scopes: ['signals:read', 'admin'],
    });
  });

  it('end with the millisecond of their expiry, with their holder’s disabling, and with their revocation', async () => {
    const userId = await makeUser(stage);
    const token = await makeToken(userId);
    const live = async (atMs = nowMs()) => (await findHolder(t.db, token.sha256, atMs)) !== null;
    expect([await live(), await live(token.expiresMs - 1), await live(token.expiresMs)]).toEqual([
      true,
      true,
      false,
    ]);
    await t.sql('UPDATE users SET disabled_at = now() WHERE id = $1', [userId]);
    expect(await live()).toBe(false);
    await t.sql('UPDATE users SET disabled_at = NULL WHERE id = $1', [userId]);
    expect(await revoke(token.id, userId)).toBe(true);
    expect(await live()).toBe(false);
    expect(await findHolder(t.db, 'unknown', nowMs())).toBeNull();
  });

  it('are revoked once, by their holder or by those who may revoke anybody’s, and by nobody else', async () => {
    const userId = await makeUser(stage);
    const [one, other] = [await makeToken(userId), await makeToken(userId)];
    expect(await revoke(one.id, await makeUser(stage))).toBe(false);
    const ends = await Promise.all(Array.from({ length: 10 }, () => revoke(one.id, userId)));
    expect(ends.filter(Boolean).length).toBe(1);
    expect(await revoke(other.id, null)).toBe(true);
    expect(await revoke(stage.deps.ids.next(), null)).toBe(false);
    const audit = await t.sql(`SELECT subject_id FROM audit_log WHERE action = 'token.revoke'`);
    expect(audit.map((r) => r['subject_id']).filter((id) => id === one.id)).toEqual([one.id]);
  });

  it('are listed to their holder, newest first, without their hash', async () => {
    const userId = await makeUser(stage);
    const first = await makeToken(userId);
    stage.deps.clock.advance(1);
    const second = await makeToken(userId);
    const { items } = await listTokens(t.db, userId, page);
    expect(items.map((i) => i.id)).toEqual([second.id, first.id]);
    const { sha256: _, ...shown } = first;
    expect(items[1]).toEqual({ ...shown, revoked: false });
    expect((await listTokens(t.db, null, page)).items.length).toBeGreaterThan(2);
  });
});
