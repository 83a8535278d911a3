import type { SQL } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { forgetProducerKeys, producerKeys } from '../../functions/identity/producer-keys.ts';
import {
  insertProducer,
  listProducers,
  readProducer,
  readProducerSecrets,
  updateProducer,
} from '../../functions/identity/producer-store.ts';
import { BRIDGE, PRODUCER, type SigningParty } from '../../functions/identity/signing-party.ts';
import { readParty, revokeParty, rotateSecret } from '../../functions/identity/signing-party-store.ts';
import { need } from '../../functions/platform/config.ts';
import { hmac } from '../../functions/platform/digest.ts';
import { seal } from '../../functions/platform/secret-box.ts';
import { ingestSignal } from '../../functions/signals/ingest-store.ts';
import {
  auditOf,
  type MadeProducer,
  makeBridge,
  makeProducer,
  makeUser,
  newSignal,
  type Stage,
} from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let deps: TestDeps;
let stage: Stage;
let ownerId: string;
let producer: MadeProducer;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  deps = testDeps(t);
  stage = { t, deps };
  ownerId = await makeUser(stage);
  producer = await makeProducer(stage, ownerId);
});
afterAll(() => t?.drop());

const HOUR_MS = 3_600_000;
const nowMs = () => deps.clock.nowMs();
const ring = () => need(deps.config, 'PRODUCER_KEYS');
const keys = (id = producer.id) => producerKeys(deps, ring(), id);
const versions = async (id = producer.id) => (await keys(id))?.keys.map((k) => k.version);
const ingest = (secretVersion: number) =>
  ingestSignal(t.db, newSignal(stage, producer.id, { external_id: deps.ids.next() }, { secretVersion }));

async function sealed(party: SigningParty, id: string, version: number) {
  const secret = deps.ids.randomBytes(32);
  const place = { table: party.secretsTable, row: id, version };
  const box = await seal(need(deps.config, party.ring), place, secret, deps.ids.randomBytes(12));
  return { secret, row: { ...box, version } };
}
async function rotate(version: number, overlapMs = HOUR_MS, party = PRODUCER, id = producer.id) {
  const { secret, row } = await sealed(party, id, version);
  const audit = auditOf(deps, id, 'rotate');
  return { done: await rotateSecret(t.db, party, id, row, nowMs() + overlapMs, audit), secret };
}

describe('producers', () => {
  it('are read back as they were added, changed, listed to their owner, and stand with one secret', async () => {
    const stored = await readProducer(t.db, producer.id);
    expect(stored).toMatchObject({ id: producer.id, ownerId, dedupScope: producer.id, revoked: false });
    if (stored === null) throw new Error('unreachable');
    const changed = {
      ...stored,
      name: 'New',
      instruments: ['EURUSD'],
      dedupWindowSeconds: 10,
      maxAgeSeconds: 1,
      ratePerMinute: 7,
    };
    await updateProducer(t.db, changed, auditOf(deps, producer.id));
    expect(await readProducer(t.db, producer.id)).toEqual(changed);
    const page = { page: 1, page_size: 100 };
    expect((await listProducers(t.db, ownerId, page)).items).toEqual([changed]);
    expect((await listProducers(t.db, await makeUser(stage), page)).items).toEqual([]);
    const other = await makeProducer(stage, await makeUser(stage));
    const everybodys = (await listProducers(t.db, null, page)).items.map((p) => p.id);
    expect(everybodys).toEqual(expect.arrayContaining([producer.id, other.id]));
    expect(await readProducer(t.db, deps.ids.next())).toBeNull();
    expect((await readProducerSecrets(t.db, producer.id, nowMs()))?.secrets.length).toBe(1);
  });

  it('leave nothing of one that cannot be added: no row, no secret, no audit', async () => {
    const id = deps.ids.next();
    const stored = await readProducer(t.db, producer.id);
    if (stored === null) throw new Error('unreachable');
    const { row } = await sealed(PRODUCER, id, 1);
    const broken = { ...stored, id, ratePerMinute: 0 };
    await expect(insertProducer(t.db, broken, row, auditOf(deps, id))).rejects.toThrow();
    expect(await t.sql('SELECT 1 FROM producer_secrets WHERE producer_id = $1', [id])).toEqual([]);
    expect(await t.sql('SELECT 1 FROM audit_log WHERE subject_id = $1', [id])).toEqual([]);
  });
});

describe('a producer’s keys', () => {
  it('verify with the very secret that was sealed', async () => {
    const found = await keys();
    const [first] = found?.keys ?? [];
    if (first === undefined) throw new Error('no key');
    const own = await crypto.subtle.importKey(
      'raw',
      producer.secret,
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['sign'],
    );
    expect(await hmac(first.key, 'text')).toEqual(await hmac(own, 'text'));
    expect(found).toMatchObject({ ratePerMinute: 600, remembered: false });
  });

  it('are read once a minute, and say when they are remembered', async () => {
    let reads = 0;
    const counting = {
      ...deps,
      db: {
        ...t.db,
        run: (statement: SQL) => {
          reads += 1;
          return t.db.run(statement);
        },
      },
    };
    const ask = () => producerKeys(counting, ring(), producer.id);
    expect((await ask())?.remembered).toBe(false);
    deps.clock.advance(59_999);
    expect((await ask())?.remembered).toBe(true);
    expect(reads).toBe(1);
    deps.clock.advance(1);
    expect((await ask())?.remembered).toBe(false);
    expect(reads).toBe(2);
    forgetProducerKeys(producer.id);
    await ask();
    expect(reads).toBe(3);
  });

  it('do nothing for a revocation that they do not know of: the insert refuses at once', async () => {
    expect(await versions()).toEqual([1]);
    expect(await ingest(1)).toMatchObject({ kind: 'created' });
    expect(await revokeParty(t.db, PRODUCER, producer.id, auditOf(deps, producer.id))).toBe(true);
    expect((await keys())?.remembered).toBe(true);
    expect(await ingest(1)).toEqual({ kind: 'revoked' });
    forgetProducerKeys(producer.id);
    expect(await keys()).toBeNull();
    expect(await revokeParty(t.db, PRODUCER, producer.id, auditOf(deps, producer.id))).toBe(false);
  });

  it('are two live versions, newest first, while a rotation overlaps, and one from the millisecond it ends', async () => {
    expect((await rotate(2)).done).toBe(true);
    forgetProducerKeys(producer.id);
    expect(await versions()).toEqual([2, 1]);
    expect([await ingest(1), await ingest(2)]).toMatchObject([{ kind: 'created' }, { kind: 'created' }]);
    deps.clock.advance(HOUR_MS);
    expect(await ingest(1)).toEqual({ kind: 'revoked' });
    expect(await ingest(2)).toMatchObject({ kind: 'created' });
    expect(await versions()).toEqual([2]);
  });

  it('are at most two: a second rotation ends the oldest at once', async () => {
    await rotate(2);
    deps.clock.advance(1);
    await rotate(3);
    forgetProducerKeys(producer.id);
    expect(await versions()).toEqual([3, 2]);
    expect(await ingest(1)).toEqual({ kind: 'revoked' });
  });

  it('do not open where two producers’ rows were swapped, or a version was copied over another', async () => {
    const other = await makeProducer(stage, ownerId);
    await t.sql(
      `UPDATE producer_secrets a SET iv = b.iv, ciphertext = b.ciphertext, key_id = b.key_id FROM producer_secrets b
       WHERE (a.producer_id, b.producer_id) IN (($1, $2), ($2, $1))`,
      [producer.id, other.id],
    );
    expect([await keys(), await keys(other.id)]).toEqual([null, null]);
    const third = await makeProducer(stage, ownerId);
    await t.sql(
      `INSERT INTO producer_secrets SELECT producer_id, 2, key_id, iv, ciphertext, created_at FROM producer_secrets
       WHERE producer_id = $1`,
      [third.id],
    );
    expect(await versions(third.id)).toEqual([1]);
  });

  it('are none of an unknown producer, nor of one whose key has left the ring', async () => {
    expect(await keys(deps.ids.next())).toBeNull();
    await t.sql(`UPDATE producer_secrets SET key_id = 'gone' WHERE producer_id = $1`, [producer.id]);
    expect(await keys()).toBeNull();
  });
});

describe('rotation and revocation', () => {
  const parties = [
    { kind: 'producer', party: PRODUCER, make: async () => producer.id },
    { kind: 'bridge', party: BRIDGE, make: async () => (await makeBridge(stage, ownerId)).id },
  ];

  it.each(parties)('of a $kind: of many rotations at once one takes the version', async ({ party, make }) => {
    const id = await make();
    expect(await readParty(t.db, party, id)).toEqual({ id, ownerId, revoked: false, lastVersion: 1 });
    const ends = await Promise.all(Array.from({ length: 10 }, () => rotate(2, HOUR_MS, party, id)));
    expect(ends.filter((e) => e.done).length).toBe(1);
    const audit = await t.sql(`SELECT 1 FROM audit_log WHERE action = 'rotate' AND subject_id = $1`, [id]);
    expect(audit.length).toBe(1);
    expect(await readParty(t.db, party, id)).toMatchObject({ lastVersion: 2 });
  });

  it.each(parties)('of a $kind: a revoked one is not rotated back to life', async ({ party, make }) => {
    const id = await make();
    expect(await revokeParty(t.db, party, id, auditOf(deps, id))).toBe(true);
    expect((await rotate(2, HOUR_MS, party, id)).done).toBe(false);
    expect(await readParty(t.db, party, id)).toMatchObject({ revoked: true, lastVersion: 1 });
    expect(await readParty(t.db, party, deps.ids.next())).toBeNull();
  });
});
