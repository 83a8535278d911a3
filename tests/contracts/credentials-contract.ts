// Credentials that were good once, or for somebody else: all of them are the one 401.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';
import { SIGNALS, type Signer } from './signed-ask.ts';
import { type Person, unique } from './world.ts';

const ME = '/api/v1/me';
const HOUR_MS = 3_600_000;

export function credentialsContract({ test, ...w }: Contract): void {
  /** The one 401 of a route, less what differs in each. */
  const told = async (answer: Promise<Response>): Promise<string> => {
    const { request_id, server_time, ...rest } = await w.refusal(answer, 401, 'unauthorized');
    return JSON.stringify(rest);
  };

  /** A token as the database would hold one, with an end and scopes that no endpoint would give it. */
  const planted = async (user: Person, expiresMs: number, scopes: string[]): Promise<string> => {
    const token = `cs_pat_${randomBytes(32).toString('base64url')}`;
    const sha256 = createHash('sha256').update(token).digest('base64url');
    await w.rt.query(
      `INSERT INTO access_tokens (id, user_id, name, token_sha256, scopes, created_by, created_at, expires_at)
       VALUES ($1, $2, 'planted', $3, $4, $2, $5, $6)`,
      [randomUUID(), user.id, sha256, scopes, new Date(Date.now() - HOUR_MS), new Date(expiresMs)],
    );
    return token;
  };

  test('takes no token past its end, nor a JWT of it, with the same 401 as one that never was', async () => {
    const user = await w.person();
    const never = await told(w.as(`cs_pat_${randomBytes(32).toString('base64url')}`, 'GET', ME));
    const ending = await planted(user, Date.now() + 1_500, ['signals:read']);
    const { token: jwt } = await w.json(w.as(ending, 'POST', '/api/v1/tokens/exchange', {}), 201);
    for (const live of [ending, jwt]) await w.json(w.as(live, 'GET', ME));
    await new Promise((resolve) => setTimeout(resolve, 1_600));
    for (const ended of [ending, jwt, await planted(user, Date.now() - 1, ['signals:read'])])
      expect(await told(w.as(ended, 'GET', ME))).toBe(never);
  });

  test('gives a stored token no scope that its holder’s role does not have, nor one that nobody knows', async () => {
    const user = await w.person();
    const token = await planted(user, Date.now() + HOUR_MS, ['signals:read', 'admin', 'metrics', 'root']);
    expect((await w.json(w.as(token, 'GET', ME))).scopes).toEqual(['signals:read']);
    for (const target of ['/api/v1/users', '/metrics', '/api/v1/audit'])
      await w.refusal(w.as(token, 'GET', target), 403, 'forbidden');
    const wide = { scopes: ['signals:read', 'admin'] };
    await w.refusal(w.as(token, 'POST', '/api/v1/tokens/exchange', wide), 403, 'forbidden');
    await w.refusal(w.as(token, 'POST', '/api/v1/tokens', { name: 'x', ...wide }), 403, 'forbidden');
  });

  type Sealed = { key_id: string; iv: string; ciphertext: string };
  const sealedOf = async ({ id }: Signer, version: number): Promise<Sealed> =>
    (
      await w.rt.query(
        'SELECT key_id, iv, ciphertext FROM producer_secrets WHERE producer_id = $1 AND version = $2',
        [id, version],
      )
    )[0] as Sealed;
  const put = ({ id }: Signer, version: number, s: Sealed) =>
    w.rt.query(
      'UPDATE producer_secrets SET key_id = $3, iv = $4, ciphertext = $5 WHERE producer_id = $1 AND version = $2',
      [id, version, s.key_id, s.iv, s.ciphertext],
    );
  const rotated = async (producer: Signer & { owner: Person }): Promise<Signer> => {
    const path = `/api/v1/producers/${producer.id}/rotate`;
    const made: Json = await w.json(w.as(producer.owner.token, 'POST', path, { overlap_seconds: 600 }), 201);
    return { id: producer.id, secret: made.secret };
  };

  // None of these producers has sent before its rows are changed, so no isolate remembers their keys.
  test('opens no sealed secret that was moved to another producer or another version, and takes it back in its place', async () => {
    const never = await told(w.send({ id: randomUUID(), secret: `whsec_${'A'.repeat(43)}=` }, w.signal()));
    const [a, b] = [await w.producer(), await w.producer()];
    const own = await sealedOf(b, 1);
    await put(b, 1, await sealedOf(a, 1));
    for (const secret of [a.secret, b.secret])
      expect(await told(w.send({ id: b.id, secret }, w.signal()))).toBe(never);
    await put(b, 1, own);
    await w.sent(b);
    await w.sent(a);

    const first = await w.producer();
    const second = await rotated(first);
    const [one, two] = [await sealedOf(first, 1), await sealedOf(first, 2)];
    await put(first, 1, two);
    await put(first, 2, one);
    for (const signer of [first, second]) expect(await told(w.send(signer, w.signal()))).toBe(never);
    await put(first, 1, one);
    // One row in order: that secret is taken, the other not.
    await w.sent(first);
    await w.refusal(w.send(second, w.signal()), 401, 'unauthorized');

    for (const spoilt of [
      (s: Sealed) => ({ ...s, key_id: 'nobody' }),
      (s: Sealed) => ({ ...s, iv: s.ciphertext.slice(0, 16) }),
      (s: Sealed) => ({ ...s, ciphertext: `${s.ciphertext.slice(0, -4)}AAA=` }),
      (s: Sealed) => ({ ...s, ciphertext: 'no base64!' }),
    ]) {
      const producer = await w.producer();
      await put(producer, 1, spoilt(await sealedOf(producer, 1)));
      expect(await told(w.send(producer, w.signal()))).toBe(never);
      expect(await w.count('SELECT count(*) FROM signals WHERE producer_id = $1', producer.id)).toBe(0);
    }
  });

  test('takes both secrets for the overlap on every signed lane, and neither of a third rotation before', async () => {
    const first = await w.producer();
    const second = await rotated(first);
    const send = (signer: Signer, target: string) =>
      w.send(signer, target === SIGNALS ? w.signal() : { signals: [w.signal()] }, { target });
    for (const target of [SIGNALS, `${SIGNALS}/batch`])
      for (const signer of [first, second])
        expect((await send(signer, target)).status).toBe(target === SIGNALS ? 201 : 207);
    const third = await rotated(first);
    for (const target of [SIGNALS, `${SIGNALS}/batch`]) {
      for (const signer of [second, third])
        expect((await send(signer, target)).status).toBe(target === SIGNALS ? 201 : 207);
      await w.refusal(send(first, target), 401, 'unauthorized');
    }
    // A body signed under the old secret is a duplicate under the new one: the secret is no part of what is known.
    const external_id = unique();
    const { id } = await w.json(w.send(second, w.signal({ external_id })), 201);
    const again = await w.refusal(w.send(third, w.signal({ external_id })), 409, 'duplicate-signal');
    expect(again.existing_id).toBe(id);
  });
}
