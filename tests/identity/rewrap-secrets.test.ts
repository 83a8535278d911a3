import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rewrapSecrets } from '../../functions/identity/rewrap-secrets.ts';
import { BRIDGE, PRODUCER } from '../../functions/identity/signing-party.ts';
import { readSecretsToRewrap, rewrapSecret } from '../../functions/identity/signing-party-store.ts';
import type { RingKey } from '../../functions/platform/config.ts';
import { open, seal } from '../../functions/platform/secret-box.ts';
import { auditOf, makeBridge, makeProducer, makeUser } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';

const key = (id: string, byte: number): RingKey => ({
  id,
  bytes: new Uint8Array(32).fill(byte),
  notAfterMs: null,
});
const OLD = key('p1', 1);
const NEW = key('p2', 9);

let t: TestDatabase;
let deps: TestDeps;
let owner: string;
beforeAll(async () => {
  t = await createTestDatabase();
  deps = testDeps(t);
  owner = await makeUser({ t, deps }, 'owner');
});
afterAll(() => t.drop());

/** The same deployment with other rings. */
const withRings = (PRODUCER_KEYS: RingKey[], BRIDGE_KEYS: RingKey[] = [key('b1', 2)]): TestDeps => ({
  ...deps,
  config: { ...deps.config, PRODUCER_KEYS, BRIDGE_KEYS },
});
const rowOf = async (table: 'producer' | 'bridge', id: string) => {
  const [row] = await t.sql(`SELECT * FROM ${table}_secrets WHERE ${table}_id = $1 AND version = 1`, [id]);
  return { keyId: String(row?.['key_id']), iv: String(row?.['iv']), ciphertext: String(row?.['ciphertext']) };
};
const placeOf = (row: string, table = 'producer_secrets') => ({ table, row, version: 1 });

describe('re-wrapping', () => {
  it('seals what an older key has sealed under the first, the same secret, with an audit row, and only once', async () => {
    const producer = await makeProducer({ t, deps }, owner);
    const bridge = await makeBridge({ t, deps }, owner);
    const before = await rowOf('producer', producer.id);
    const rotated = withRings([NEW, OLD], [key('b9', 8), key('b1', 2)]);
    expect(await rewrapSecrets(rotated)).toBe(2);
    const after = await rowOf('producer', producer.id);
    expect(after.keyId).toBe('p2');
    expect(after.iv).not.toBe(before.iv);
    expect(await open([NEW], placeOf(producer.id), after)).toEqual(producer.secret);
    const sealed = await rowOf('bridge', bridge.id);
    expect(await open([key('b9', 8)], placeOf(bridge.id, 'bridge_secrets'), sealed)).toEqual(bridge.secret);
    expect(await rewrapSecrets(rotated)).toBe(0);
    const audit = await t.sql(
      "SELECT action, detail FROM audit_log WHERE action LIKE '%.rewrap' ORDER BY action",
    );
    expect(audit).toEqual([
      { action: 'bridge.rewrap', detail: { version: 1, from_key: 'b1', to_key: 'b9' } },
      { action: 'producer.rewrap', detail: { version: 1, from_key: 'p1', to_key: 'p2' } },
    ]);
    await t.sql('DELETE FROM producer_secrets');
    await t.sql('DELETE FROM bridge_secrets');
  });

  it('leaves a row alone that was sealed anew since it was read', async () => {
    const { id, secret } = await makeProducer({ t, deps }, owner);
    const [read] = await readSecretsToRewrap(t.db, PRODUCER, ['p2', 'p1'], null, 10);
    if (read === undefined) throw new Error('nothing to re-wrap');
    const mine = await seal([NEW], placeOf(id), secret, deps.ids.randomBytes(12));
    const theirs = await seal([NEW], placeOf(id), secret, deps.ids.randomBytes(12));
    expect(await rewrapSecret(t.db, PRODUCER, read, theirs, auditOf(deps, id))).toBe(true);
    const audited = auditOf(deps, id);
    expect(await rewrapSecret(t.db, PRODUCER, read, mine, audited)).toBe(false);
    expect(await rowOf('producer', id)).toEqual(theirs);
    expect(await t.sql('SELECT 1 FROM audit_log WHERE id = $1', [audited.id])).toEqual([]);
    await t.sql('DELETE FROM producer_secrets');
  });

  it('leaves a row whose key the ring lacks, and logs the key’s id and no secret', async () => {
    const { id } = await makeProducer({ t, deps }, owner);
    const before = await rowOf('producer', id);
    const from = deps.lines.length;
    expect(await rewrapSecrets(withRings([NEW]))).toBe(0);
    expect(await rowOf('producer', id)).toEqual(before);
    const lines = deps.lines.slice(from);
    expect(lines).toMatchObject([{ name: 'rewrap producer', outcome: 'key-missing' }]);
    expect(lines[0]?.cause).toContain('the key p1');
    expect(JSON.stringify(lines)).not.toContain(before.ciphertext);
    await t.sql('DELETE FROM producer_secrets');
  });

  it('never opens a ciphertext that was put in another row, and goes on past it', async () => {
    const [a, b, c] = [
      await makeProducer({ t, deps }, owner),
      await makeProducer({ t, deps }, owner),
      await makeProducer({ t, deps }, owner),
    ];
    const stolen = await rowOf('producer', a.id);
    await t.sql('UPDATE producer_secrets SET iv = $2, ciphertext = $3 WHERE producer_id = $1', [
      b.id,
      stolen.iv,
      stolen.ciphertext,
    ]);
    const from = deps.lines.length;
    expect(await rewrapSecrets(withRings([NEW, OLD]))).toBe(2);
    expect(await rowOf('producer', b.id)).toEqual({ ...stolen, keyId: 'p1' });
    expect((await rowOf('producer', a.id)).keyId).toBe('p2');
    expect((await rowOf('producer', c.id)).keyId).toBe('p2');
    expect(deps.lines.slice(from).map((l) => l.outcome)).toEqual(['shut', 'done']);
    await t.sql('DELETE FROM producer_secrets');
  });

  it('takes a page of each kind in a tick, also behind a page of rows that stay shut', async () => {
    const { id, secret } = await makeProducer({ t, deps }, owner);
    const good = await rowOf('producer', id);
    // Versions 2 to 121 hold version 1's ciphertext: they do not open. Those from 122 on do.
    await t.sql(
      `INSERT INTO producer_secrets SELECT $1, n, 'p1', $2, $3, now() FROM generate_series(2, 121) AS n`,
      [id, good.iv, good.ciphertext],
    );
    for (let version = 122; version <= 240; version += 1) {
      const sealed = await seal([OLD], { ...placeOf(id), version }, secret, deps.ids.randomBytes(12));
      await t.sql("INSERT INTO producer_secrets VALUES ($1, $2, 'p1', $3, $4, now())", [
        id,
        version,
        sealed.iv,
        sealed.ciphertext,
      ]);
    }
    const rotated = withRings([NEW, OLD]);
    expect(await rewrapSecrets(rotated)).toBe(100);
    expect(await rewrapSecrets(rotated)).toBe(20);
    expect(await rewrapSecrets(rotated)).toBe(0);
    const left = await t.sql("SELECT count(*)::int AS n FROM producer_secrets WHERE key_id = 'p1'");
    expect(left).toEqual([{ n: 120 }]);
    await t.sql('DELETE FROM producer_secrets');
  });

  it('lets the runtime change a sealing and nothing else of a secret', async () => {
    const client = await t.connect('runtime');
    for (const { secretsTable } of [PRODUCER, BRIDGE]) {
      await client.query(`UPDATE ${secretsTable} SET key_id = key_id, iv = iv, ciphertext = ciphertext`);
      await expect(client.query(`UPDATE ${secretsTable} SET version = 1`)).rejects.toThrow(
        'permission denied',
      );
    }
  });
});
