import { describe, expect, it } from 'vitest';
import { signingSecretBytes } from '../../functions/identity/signing-secret.ts';
import { hmacKey } from '../../functions/platform/digest.ts';
import { utf8 } from '../../functions/platform/encoding.ts';
import {
  verifyStandardWebhook,
  webhookContent,
  webhookSignature,
} from '../../functions/signals/standard-webhook.ts';

// The specification's published example.
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const ID = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
const TIME = 1_614_265_330;
const BODY = '{"test": 2432232314}';
const SIGNATURE = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
const PRODUCER = '01890a5d-ac96-774b-bcce-b302099a8057';

const bytes = signingSecretBytes(SECRET) ?? new Uint8Array();
const keysOf = async () => [{ version: 3, key: await hmacKey(bytes) }];

const verify = (headers: Record<string, string | undefined>, body = BODY, nowMs = TIME * 1000) => {
  const given: Record<string, string | undefined> = {
    'x-producer-id': PRODUCER,
    'webhook-id': ID,
    'webhook-timestamp': String(TIME),
    'webhook-signature': SIGNATURE,
    ...headers,
  };
  const header = (name: string) => given[name];
  return verifyStandardWebhook({ method: 'POST', target: '/', header, body: utf8(body), nowMs }, keysOf);
};

describe('Standard Webhooks', () => {
  it('makes the published signature of the published vector', async () => {
    const content = webhookContent(ID, String(TIME), utf8(BODY));
    expect(`v1,${await webhookSignature(await hmacKey(bytes), content)}`).toBe(SIGNATURE);
  });

  it('takes the published vector and names message, producer and secret version', async () => {
    expect(await verify({})).toMatchObject({
      ok: true,
      producerId: PRODUCER,
      secretVersion: 3,
      webhookId: ID,
    });
  });

  it('takes one good signature among foreign versions and wrong ones', async () => {
    const many = `v1,${'A'.repeat(43)}= v2,xyz v1a,abc ${SIGNATURE}`;
    expect(await verify({ 'webhook-signature': many })).toMatchObject({ ok: true });
  });

  it.each<[string, Record<string, string | undefined>, string?]>([
    ['no id', { 'webhook-id': undefined }],
    ['an id with a dot', { 'webhook-id': 'msg.1' }],
    ['no timestamp', { 'webhook-timestamp': undefined }],
    ['a timestamp that is no number', { 'webhook-timestamp': 'hello' }],
    ['no signature', { 'webhook-signature': undefined }],
    ['an empty signature', { 'webhook-signature': 'v1,' }],
    ['a truncated signature', { 'webhook-signature': SIGNATURE.slice(0, -8) }],
    ['an unknown version alone', { 'webhook-signature': SIGNATURE.replace('v1', 'v2') }],
    ['another id', { 'webhook-id': 'msg_other' }],
    ['another timestamp', { 'webhook-timestamp': String(TIME + 1) }],
    ['another body', {}, '{"test": 1}'],
    ['an empty body', {}, ''],
    ['a producer that is no id', { 'x-producer-id': 'me' }],
  ])('refuses %s', async (_name, headers, body) => {
    expect(await verify(headers, body)).toMatchObject({ ok: false });
  });

  it('takes a timestamp up to 300 seconds off, either way, and no further', async () => {
    const at = async (seconds: number) => (await verify({}, BODY, (TIME + seconds) * 1000)).ok;
    expect([await at(-300), await at(300)]).toEqual([true, true]);
    expect([await at(-301), await at(301)]).toEqual([false, false]);
  });

  it('refuses where there is no such producer', async () => {
    const header = (name: string) =>
      ({
        'x-producer-id': PRODUCER,
        'webhook-id': ID,
        'webhook-timestamp': String(TIME),
        'webhook-signature': SIGNATURE,
      })[name];
    const request = { method: 'POST', target: '/', header, body: utf8(BODY), nowMs: TIME * 1000 };
    expect(await verifyStandardWebhook(request, async () => null)).toEqual({ ok: false, cause: 'producer' });
  });
});
