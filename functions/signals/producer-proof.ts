/**
 * The producer behind a signed request, for every signed lane: keys, signature, rate. Every failure of proof is the one
 * 401, and nothing of a caller that proves nothing is stored.
 */
import { tooMany, unauthorized } from '../identity/caller.ts';
import { type FoundKeys, forgetProducerKeys, producerKeys } from '../identity/producer-keys.ts';
import { need } from '../platform/config.ts';
import type { AppContext } from '../platform/endpoint.ts';
import type { SignedRequest } from '../platform/native-request.ts';
import { takeUnsigned } from './unsigned-request.ts';
import { type KeyOf, type Proof, verifyRequest } from './verify-request.ts';

export type ProvenProducer = Extract<Proof, { ok: true }> & { ratePerMinute: number };
type Scheme = (request: SignedRequest, keysOf: KeyOf) => Promise<Proof>;

/** How often a minute a failed signature makes us look for a newer secret of a producer. */
const REREADS_PER_MINUTE = 30;

/**
 * Proves the caller and charges it one. Where a native signature is present only the native scheme is tried, so that
 * nobody falls back to a weaker proof; where there is none, `other`. Throws 401, or 429 where the allowance is used up.
 */
export async function proveProducer(
  c: AppContext,
  bytes: Uint8Array<ArrayBuffer>,
  other: Scheme,
): Promise<ProvenProducer> {
  const { deps } = c.var;
  const ring = need(deps.config, 'PRODUCER_KEYS');
  const url = new URL(c.req.url);
  let found: FoundKeys | null = null;
  const scheme = c.req.header('x-signature') === undefined ? unsignedOr(c, other) : verifyRequest;
  const attempt = () =>
    scheme(
      {
        method: c.req.method,
        target: url.pathname + url.search,
        header: (name) => c.req.header(name),
        body: bytes,
        nowMs: deps.clock.nowMs(),
      },
      async (id) => {
        found = await producerKeys(deps, ring, id);
        return found?.keys ?? null;
      },
    );
  let proof = await attempt();
  if (!proof.ok && proof.cause === 'signature' && mayReadAgain(c, found)) proof = await attempt();
  if (!proof.ok) {
    c.set('actor', `unproven:${proof.cause}`);
    throw unauthorized(c);
  }
  c.set('actor', `producer:${proof.producerId}`);
  const producer = { ...proof, ratePerMinute: (found as FoundKeys | null)?.ratePerMinute ?? 0 };
  charge(c, producer, 1);
  return producer;
}

/** Takes `count` from the producer's allowance. Throws 429 where it holds less. */
export function charge(
  c: AppContext,
  producer: { producerId: string; ratePerMinute: number },
  count: number,
): void {
  if (count === 0) return;
  const { limiter } = c.var.deps;
  const allowance = limiter.take(`producer:${producer.producerId}`, producer.ratePerMinute, count);
  if (!allowance.allowed) throw tooMany(allowance);
}

/** With signatures switched off, which only a loopback deployment may say, a request that claims none needs none. */
function unsignedOr(c: AppContext, other: Scheme): Scheme {
  const off = !c.var.deps.config.SIGNALS_HMAC_ENABLED && c.req.header('webhook-signature') === undefined;
  return off ? takeUnsigned(c.var.requestId) : other;
}

/**
 * A secret rotated elsewhere is not among the remembered ones and must be taken at once: they are forgotten then, and
 * read again, but only so often that forgeries do not become reads.
 */
function mayReadAgain(c: AppContext, found: FoundKeys | null): boolean {
  const id = c.req.header('x-producer-id') ?? '';
  if (!found?.remembered || !c.var.deps.limiter.take(`reread:${id}`, REREADS_PER_MINUTE).allowed)
    return false;
  forgetProducerKeys(id);
  return true;
}
