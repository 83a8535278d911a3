import { createHash, createHmac, randomBytes } from 'node:crypto';

/**
 * Headers of a natively signed request, written from the published scheme alone, as any producer would: seven lines,
 * HMAC-SHA256 keyed with the bytes behind `whsec_`.
 */
export function signRequest(
  producer: { id: string; secret: string },
  method: string,
  target: string,
  body: string,
): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const nonce = randomBytes(16).toString('base64url');
  const bodySha256 = createHash('sha256').update(body).digest('hex');
  const lines = ['v1', method, target, timestamp, nonce, producer.id, bodySha256].join('\n');
  const key = Buffer.from(producer.secret.replace(/^whsec_/, ''), 'base64');
  return {
    'content-type': 'application/json',
    'x-producer-id': producer.id,
    'x-timestamp': timestamp,
    'x-nonce': nonce,
    'x-signature': `v1=${createHmac('sha256', key).update(lines).digest('base64')}`,
  };
}
