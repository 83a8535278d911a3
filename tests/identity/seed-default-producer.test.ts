import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_PRODUCER_ID } from '../../functions/identity/default-producer.ts';
import { putInstrument } from '../../functions/identity/instrument-store.ts';
import { readProducer, readProducerSecrets } from '../../functions/identity/producer-store.ts';
import { seedDefaultProducer } from '../../functions/identity/seed-default-producer.ts';
import { need } from '../../functions/platform/config.ts';
import { open } from '../../functions/platform/secret-box.ts';
import { auditOf, makeUser } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';

const KEY = 'a key of the deployment, 32 characters or more';
let t: TestDatabase;
let deps: TestDeps;
beforeEach(async () => {
  t = await createTestDatabase();
  const made = testDeps(t);
  deps = { ...made, config: { ...made.config, SIGNALS_HMAC_KEY: KEY } };
});
afterEach(() => t.drop());

const instrument = (symbol: string, enabled = true) =>
  putInstrument(t.db, { symbol, digits: 2, enabled }, deps.clock.nowMs(), auditOf(deps, symbol));

describe('the default producer', () => {
  it('is made for the first owner with every enabled instrument, once, whoever comes at the same time', async () => {
    const first = await makeUser({ t, deps }, 'owner');
    deps.clock.advance(1);
    await makeUser({ t, deps }, 'owner');
    await instrument('XAUUSD');
    await instrument('EURUSD');
    await instrument('GBPUSD', false);
    const made = await Promise.all(Array.from({ length: 5 }, () => seedDefaultProducer(deps)));
    expect(made.filter(Boolean)).toHaveLength(1);
    expect(await seedDefaultProducer(deps)).toBe(false);
    expect(await readProducer(t.db, DEFAULT_PRODUCER_ID)).toMatchObject({
      ownerId: first,
      instruments: ['EURUSD', 'XAUUSD'],
      dedupScope: DEFAULT_PRODUCER_ID,
    });
    const audit = await t.sql('SELECT action FROM audit_log WHERE subject_id = $1', [DEFAULT_PRODUCER_ID]);
    expect(audit).toEqual([{ action: 'producer.seed' }]);
  });

  it('has the id that the README names and the secret that its openssl line makes', async () => {
    await makeUser({ t, deps }, 'owner');
    await instrument('XAUUSD');
    await seedDefaultProducer(deps);
    expect(DEFAULT_PRODUCER_ID).toBe('f36d0233-772c-507e-bc50-74a8a7444da5');
    const found = await readProducerSecrets(t.db, DEFAULT_PRODUCER_ID, deps.clock.nowMs());
    const [sealed] = found?.secrets ?? [];
    if (sealed === undefined) throw new Error('no secret');
    const place = { table: 'producer_secrets', row: DEFAULT_PRODUCER_ID, version: 1 };
    const secret = await open(need(deps.config, 'PRODUCER_KEYS'), place, sealed);
    const expected = createHmac('sha256', KEY).update('countersign default producer v1').digest();
    expect(Buffer.from(secret ?? []).equals(expected)).toBe(true);
  });

  it('waits for an owner and an instrument, and is not made without a key', async () => {
    expect(await seedDefaultProducer(deps)).toBe(false);
    await makeUser({ t, deps }, 'owner');
    expect(await seedDefaultProducer(deps)).toBe(false);
    await instrument('XAUUSD');
    const { SIGNALS_HMAC_KEY: _, ...without } = deps.config;
    expect(await seedDefaultProducer({ ...deps, config: without })).toBe(false);
    expect(await readProducer(t.db, DEFAULT_PRODUCER_ID)).toBeNull();
    expect(await seedDefaultProducer(deps)).toBe(true);
  });

  it('stays revoked, and another key changes nothing of it', async () => {
    await makeUser({ t, deps }, 'owner');
    await instrument('XAUUSD');
    await seedDefaultProducer(deps);
    const before = await t.sql('SELECT * FROM producer_secrets');
    await t.sql('UPDATE producers SET revoked_at = now()');
    const other = { ...deps, config: { ...deps.config, SIGNALS_HMAC_KEY: `another ${KEY}` } };
    expect(await seedDefaultProducer(other)).toBe(false);
    expect((await readProducer(t.db, DEFAULT_PRODUCER_ID))?.revoked).toBe(true);
    expect(await t.sql('SELECT * FROM producer_secrets')).toEqual(before);
  });
});
