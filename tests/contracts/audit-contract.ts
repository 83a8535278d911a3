// The sealed audit log, and the default producer that the deployment's own key makes.
import { createHash, createHmac } from 'node:crypto';
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';
import { unique, until } from './world.ts';

const SEALS = '/api/v1/audit/seals';
const DEFAULT_PRODUCER = 'f36d0233-772c-507e-bc50-74a8a7444da5';

export function auditContract({ test, ...w }: Contract): void {
  const { tokens } = w.dev;

  test('seals every audit row by the schedule, once, in a chain that anybody can follow', async () => {
    const { id } = await w.json(w.as(tokens.user, 'POST', '/api/v1/tokens', { name: unique() }), 201);
    const [row] = await w.rt.query('SELECT id, sha256 FROM audit_log WHERE subject_id = $1', [id]);
    const entry = `${row?.['id']} ${row?.['sha256']}`;
    const sealing = 'SELECT seq FROM audit_seals WHERE position($1 IN entries) > 0';
    await until('the row is sealed', async () => {
      await w.rt.tick();
      return (await w.rt.query(sealing, [entry])).length === 1;
    });
    await w.rt.tick();
    expect(await w.rt.query(sealing, [entry])).toHaveLength(1);
    const seals = await w.rt.query('SELECT * FROM audit_seals ORDER BY seq');
    let before = '0'.repeat(64);
    for (const [i, seal] of seals.entries()) {
      const at = new Date(String(seal['sealed_at'])).getTime();
      expect(Number.isNaN(at)).toBe(false);
      const sealedAt = seal['sealed_at'] instanceof Date ? seal['sealed_at'].toISOString() : '';
      const lines = ['countersign-audit-seal-v1', before, i + 1, sealedAt, seal['rows'], seal['entries']];
      before = createHash('sha256').update(lines.join('\n')).digest('hex');
      expect(seal['sha256']).toBe(before);
    }
  });

  test('lists the seals for owner and admin, newest first, and for nobody else', async () => {
    await until('there is a seal', async () => {
      await w.rt.tick();
      return (await w.json(w.as(tokens.admin, 'GET', SEALS))).items.length > 0;
    });
    const { items } = await w.json(w.as(tokens.owner, 'GET', SEALS));
    const times = items.map((s: Json) => Date.parse(s.sealed_at));
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect(items[0]).toEqual({
      seq: expect.any(Number),
      upto: expect.any(String),
      rows: expect.any(Number),
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      sealed_at: expect.any(String),
    });
    await w.refusal(w.as(tokens.user, 'GET', SEALS), 403, 'forbidden');
    await w.refusal(w.as(tokens.owner, 'GET', `${SEALS}?x=1`), 422, 'invalid-query');
  });

  test('makes the default producer from the deployment’s key, whose secret anybody with the key can derive', async () => {
    const made = await until('the default producer', async () => {
      await w.rt.tick();
      const answer = await w.as(tokens.owner, 'GET', `/api/v1/producers/${DEFAULT_PRODUCER}`);
      return answer.status === 200 ? ((await answer.json()) as Json) : null;
    });
    expect(made.instruments).toContain('EURUSD');
    const label = 'countersign default producer v1';
    const secret = createHmac('sha256', w.rt.signalsHmacKey).update(label).digest('base64');
    await w.sent({ id: DEFAULT_PRODUCER, secret: `whsec_${secret}` });
    await w.refusal(w.send({ id: DEFAULT_PRODUCER, secret: 'whsec_AAAA' }, w.signal()), 401, 'unauthorized');
  });
}
