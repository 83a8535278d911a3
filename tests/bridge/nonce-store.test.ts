import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NONCE_KEPT_MS, pruneBridgePolls, spendNonce } from '../../functions/bridge/nonce-store.ts';
import { TOLERANCE_SECONDS } from '../../functions/platform/native-signature.ts';
import { makeBridge, makeUser, type Stage } from '../support/organisation.ts';
import { START_MS } from '../support/test-clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let stage: Stage;
let userId: string;
let bridgeId: string;
beforeAll(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
  userId = await makeUser(stage);
});
beforeEach(async () => {
  bridgeId = (await makeBridge(stage, userId)).id;
});
afterAll(() => t?.drop());
const spend = (nonce: string, id = bridgeId, nowMs = START_MS) => spendNonce(t.db, id, nonce, nowMs);

describe('a nonce', () => {
  it('is spent once, whoever comes first of many at once', async () => {
    const spent = await Promise.all(Array.from({ length: 8 }, () => spend('nonce-0123456789')));
    expect(spent.filter(Boolean)).toHaveLength(1);
    expect(await spend('nonce-0123456789', bridgeId, START_MS + 60_000)).toBe(false);
  });

  it('is each bridge’s own', async () => {
    const other = (await makeBridge(stage, userId)).id;
    expect([await spend('nonce-0123456789'), await spend('nonce-0123456789', other)]).toEqual([true, true]);
  });

  it('of a bridge that has been revoked is not spent, nor of none', async () => {
    await t.sql('UPDATE bridges SET revoked_at = now() WHERE id = $1', [bridgeId]);
    expect(await spend('nonce-0123456789')).toBe(false);
    expect(await spend('nonce-0123456789', stage.deps.ids.next())).toBe(false);
  });

  it('is kept longer than a timestamp may be off either way, and then forgotten', async () => {
    expect(NONCE_KEPT_MS).toBeGreaterThan(2 * TOLERANCE_SECONDS * 1000);
    await spend('nonce-0123456789');
    await pruneBridgePolls(t.db, START_MS);
    expect(await spend('nonce-0123456789')).toBe(false);
    await pruneBridgePolls(t.db, START_MS + 1);
    expect(await spend('nonce-0123456789')).toBe(true);
  });
});
