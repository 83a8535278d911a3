// How a producer proves itself, and that a failure tells nothing of its cause.
import { expect } from 'vitest';
import type { Contract } from './contract-suite.ts';
import type { Ask } from './runtime.ts';
import { nowSeconds, SIGNALS, signedAsk, withHeader, withoutHeader } from './signed-ask.ts';
import { inLanes, unique } from './world.ts';

/** Failures of proof a minute that one address has. */
const FAILURES = 60;

export function proofContract({ test, ...w }: Contract): void {
  test('answers every failure of proof with one and the same 401, and stores nothing', async () => {
    const producer = await w.producer();
    const another = await w.producer();
    const external_id = unique();
    const body = JSON.stringify(w.signal({ external_id }));
    const good = signedAsk(producer, body);
    const signature = good.headers?.['x-signature'] ?? '';
    const at = (seconds: number) => signedAsk(producer, body, { timestamp: String(nowSeconds() + seconds) });
    const unknown = '018f0000-0000-7000-8000-000000000000';
    // The last letter of the base64 of 32 bytes has two bits that say nothing; set, it is another spelling.
    const spelled = signature.replace(/.=$/, (end) => `${nextLetter(end.charAt(0))}=`);
    const wrong: Record<string, Ask> = {
      'no producer': withoutHeader(good, 'x-producer-id'),
      'no timestamp': withoutHeader(good, 'x-timestamp'),
      'no signature': withoutHeader(good, 'x-signature'),
      'no nonce that was signed': withoutHeader(good, 'x-nonce'),
      'nothing at all': { method: 'POST', target: SIGNALS, body },
      'signature without version': withHeader(good, 'x-signature', signature.slice(3)),
      'signature of another version': withHeader(good, 'x-signature', signature.replace('v1', 'v2')),
      'base64 malformed': withHeader(good, 'x-signature', 'v1=!!!!'),
      'base64 without padding': withHeader(good, 'x-signature', signature.replace(/=$/, '')),
      'base64 for URLs': withHeader(good, 'x-signature', `v1=${'-_'.repeat(21)}A=`),
      'base64 not canonical': withHeader(good, 'x-signature', spelled),
      'too short': withHeader(good, 'x-signature', 'v1=AAAA'),
      'another secret': signedAsk({ ...another, id: producer.id }, body),
      'unknown producer': signedAsk({ ...producer, id: unknown }, body),
      'malformed producer': signedAsk({ ...producer, id: 'nobody' }, body),
      'another producer’s name': withHeader(good, 'x-producer-id', another.id),
      'too old': at(-310),
      'too far ahead': at(310),
      'timestamp altered': withHeader(good, 'x-timestamp', String(nowSeconds() + 1)),
      'timestamp in milliseconds': signedAsk(producer, body, { timestamp: String(Date.now()) }),
      'timestamp with an offset': signedAsk(producer, body, { timestamp: '2026-01-01T00:00:00+00:00' }),
      'timestamp of no day': signedAsk(producer, body, { timestamp: '2026-13-41T00:00:00Z' }),
      'nonce altered': withHeader(good, 'x-nonce', 'AAAAAAAAAAAAAAAAAAAAAA'),
      'nonce too short': signedAsk(producer, body, { nonce: 'short' }),
      'nonce of other characters': signedAsk(producer, body, { nonce: 'aaaa+aaaa/aaaa=aaaa' }),
      'body altered': { ...good, body: body.replace('buy', 'sell') },
      'white space added': { ...good, body: `${body} ` },
      'query added': { ...good, target: `${SIGNALS}?a=b` },
      'query altered': {
        ...signedAsk(producer, body, { target: `${SIGNALS}?a=b` }),
        target: `${SIGNALS}?a=c`,
      },
      'path of another route': signedAsk(producer, body, { target: '/api/v1/approvals' }),
    };
    wrong['path of another route'] = { ...(wrong['path of another route'] as Ask), target: SIGNALS };
    const seen = new Set<string>();
    for (const [cause, ask] of Object.entries(wrong)) {
      const answer = await w.rt.call(ask);
      expect(answer.headers.get('www-authenticate'), cause).toBeTruthy();
      const { request_id, server_time, ...rest } = await w.refusal(answer, 401, 'unauthorized');
      expect(Math.abs(server_time - nowSeconds()), cause).toBeLessThanOrEqual(2);
      const headers = [...answer.headers].filter(([n]) => !/^(date|x-request-id|content-length)$/.test(n));
      seen.add(JSON.stringify([rest, headers.sort()]));
    }
    expect([...seen]).toHaveLength(1);
    expect(await w.count('SELECT count(*) FROM signals WHERE external_id = $1', external_id)).toBe(0);
    await w.json(w.rt.call(good), 201);
  });

  test('takes a timestamp in RFC 3339, at both edges of the tolerance, and a request without a nonce', async () => {
    const producer = await w.producer();
    const send = (options: Parameters<typeof w.send>[2]) =>
      w.json(w.send(producer, w.signal(), options), 201);
    await send({ timestamp: new Date().toISOString() });
    await send({ timestamp: String(nowSeconds() - 295) });
    await send({ timestamp: String(nowSeconds() + 295) });
    await send({ nonce: null });
    await send({ nonce: '_-'.repeat(32) });
  });

  test('takes a signed query', async () => {
    await w.json(w.send(await w.producer(), w.signal(), { target: `${SIGNALS}?a=b&c=%20d` }), 201);
  });

  test('refuses a revoked producer and an expired secret at once, although secrets are cached', async () => {
    const revocations: [string, string][] = [
      ['producers', 'UPDATE producers SET revoked_at = $2 WHERE id = $1'],
      ['secrets', 'UPDATE producer_secrets SET expires_at = $2 WHERE producer_id = $1'],
    ];
    for (const [, statement] of revocations) {
      const producer = await w.producer();
      const body = w.signal();
      await w.sent(producer);
      await w.rt.query(statement, [producer.id, new Date(Date.now() - 1000)]);
      for (let i = 0; i < 3; i += 1) await w.refusal(w.send(producer, body), 401, 'unauthorized');
      expect(await w.count('SELECT count(*) FROM signals WHERE producer_id = $1', producer.id)).toBe(1);
    }
  });

  test('proves a body before it reads it: a stranger learns nothing of what is wrong with one', async () => {
    const producer = await w.producer();
    const forged = { ...producer, secret: `whsec_${Buffer.alloc(32).toString('base64')}` };
    for (const body of ['{', '{}', '{"schema":2}'])
      await w.refusal(w.send(forged, body), 401, 'unauthorized');
    const answer = w.send(forged, '{}', { headers: { 'content-type': 'text/plain' } });
    await w.refusal(answer, 401, 'unauthorized');
  });

  test('stops a flood of failures from one address, never a caller there who proves himself', async () => {
    const address = '198.51.100.23';
    const producer = await w.producer();
    const allowed = FAILURES * w.rt.rateScale;
    const failure: Ask = { method: 'POST', target: SIGNALS, body: '{}', address };
    const answers = await inLanes(allowed + 40, 16, async () => {
      const answer = await w.rt.call(failure);
      await answer.arrayBuffer();
      return answer;
    });
    const refused = answers.filter((a) => a.status === 429);
    expect(answers.filter((a) => a.status === 401).length).toBeGreaterThanOrEqual(allowed);
    expect(answers.every((a) => a.status === 401 || a.status === 429)).toBe(true);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.headers.get('retry-after')).toMatch(/^\d+$/);
    await w.json(w.send(producer, w.signal(), { address }), 201);
    await w.refusal(w.rt.call({ ...failure, address: '198.51.100.24' }), 401, 'unauthorized');
  });

  test('never takes the caller’s address from X-Forwarded-For', async () => {
    const producer = await w.producer();
    const { id } = await w.sent(producer);
    const answer = await w.rt.call({
      method: 'POST',
      target: '/api/v1/approvals',
      address: '198.51.100.77',
      headers: {
        ...{ authorization: `Bearer ${producer.owner.token}`, 'content-type': 'application/json' },
        ...{ 'x-forwarded-for': '192.0.2.1', forwarded: 'for=192.0.2.1' },
      },
      body: JSON.stringify({
        ...{ signal_id: id, decision: 'rejected', consent_version: await w.consentVersion() },
      }),
    });
    const approval = await w.json(answer, 201);
    const rows = await w.rt.query('SELECT address FROM approval_clients WHERE approval_id = $1', [
      approval.id,
    ]);
    expect(rows).toEqual([{ address: '198.51.100.77' }]);
  });
}

/** The letter after this one in base64's alphabet: it differs in the lowest bit, or carries into the next. */
function nextLetter(letter: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  return alphabet.charAt(alphabet.indexOf(letter) + 1);
}
