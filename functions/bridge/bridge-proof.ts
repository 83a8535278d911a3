/**
 * The bridge behind a signed request of its own, and how it is answered. Every failure of proof is the one 401, a nonce
 * that was seen before included, and nothing of a caller that proves nothing is stored. What is answered to a proven
 * request, a refusal too, is signed over that request with the secret that proved it: a bridge takes no order from anybody
 * else.
 */

import { type Bridge, readBridgeSecrets } from '../identity/bridge-store.ts';
import { tooMany, unauthorized } from '../identity/caller.ts';
import { need } from '../platform/config.ts';
import type { Deps } from '../platform/deps.ts';
import { sha256Hex } from '../platform/digest.ts';
import { utf8 } from '../platform/encoding.ts';
import type { AppContext } from '../platform/endpoint.ts';
import { type NativeProof, nativeRequest } from '../platform/native-request.ts';
import { directionKey, replyLines, signLines } from '../platform/native-signature.ts';
import { ProblemError, problemResponse } from '../platform/problem.ts';
import { open } from '../platform/secret-box.ts';
import { spendNonce } from './nonce-store.ts';

const SENDER = { idHeader: 'x-bridge-id', nonceRequired: true } as const;
/** Twice what the fastest rhythm needs, twice over: a bridge may come early when it has something to tell. */
const RATE_PER_MINUTE = 120;

export type ProvenBridge = {
  bridge: Bridge;
  /** The answer, signed; `said` may throw a problem, which is answered and signed alike, as is the 429 of too many. */
  reply(said: () => Promise<unknown>): Promise<Response>;
};

type Known = { bridge: Bridge; secrets: ReadonlyMap<number, Uint8Array<ArrayBuffer>> };

/** Proves the sender of these bytes and spends its nonce. Throws 401. */
export async function proveBridge(c: AppContext, bytes: Uint8Array<ArrayBuffer>): Promise<ProvenBridge> {
  const { deps } = c.var;
  const url = new URL(c.req.url);
  const nowMs = deps.clock.nowMs();
  const request = {
    ...{ method: c.req.method, target: url.pathname + url.search, body: bytes, nowMs },
    header: (name: string) => c.req.header(name),
  };
  const known: Known[] = [];
  const proof = await nativeRequest(request, SENDER, async (id) => {
    const found = await knownBridge(deps, id, nowMs);
    if (found === null) return null;
    known.push(found);
    return Promise.all(
      [...found.secrets].map(async ([version, secret]) => ({
        version,
        key: await directionKey(secret, 'from-bridge'),
      })),
    );
  });
  const [found] = known;
  const secret = proof.ok ? found?.secrets.get(proof.secretVersion) : undefined;
  const fresh = proof.ok && (await spendNonce(deps.db, proof.senderId, proof.nonce, nowMs));
  if (!proof.ok || !fresh || found === undefined || secret === undefined) {
    c.set('actor', `unproven:${proof.ok ? 'nonce' : proof.cause}`);
    throw unauthorized(c);
  }
  c.set('actor', `bridge:${proof.senderId}`);
  return { bridge: found.bridge, reply: (said) => signedReply(c, { proof, secret }, said) };
}

async function knownBridge({ db, config }: Deps, id: string, nowMs: number): Promise<Known | null> {
  const found = await readBridgeSecrets(db, id, nowMs);
  if (found === null) return null;
  const secrets = new Map<number, Uint8Array<ArrayBuffer>>();
  for (const s of found.secrets) {
    const place = { table: 'bridge_secrets', row: id, version: s.version };
    const secret = await open(need(config, 'BRIDGE_KEYS'), place, s);
    if (secret !== null) secrets.set(s.version, secret);
  }
  return { bridge: found.bridge, secrets };
}

type Proven = { proof: Extract<NativeProof, { ok: true }>; secret: Uint8Array<ArrayBuffer> };

async function signedReply(
  c: AppContext,
  { proof, secret }: Proven,
  said: () => Promise<unknown>,
): Promise<Response> {
  const { clock, limiter } = c.var.deps;
  const allowance = limiter.take(`bridge:${proof.senderId}`, RATE_PER_MINUTE);
  const answer = allowance.allowed ? await answerOf(c, said) : refusal(c, tooMany(allowance));
  const body = await answer.text();
  const timestamp = String(Math.floor(clock.nowMs() / 1000));
  const lines = replyLines({
    ...{ status: answer.status, nonce: proof.nonce, requestSha256: proof.bodySha256, timestamp },
    replySha256: await sha256Hex(utf8(body)),
  });
  const headers = new Headers(answer.headers);
  headers.set('x-timestamp', timestamp);
  headers.set('x-signature', await signLines(await directionKey(secret, 'to-bridge'), lines));
  return new Response(body, { status: answer.status, headers });
}

const refusal = (c: AppContext, problem: ProblemError): Response =>
  problemResponse(problem, c.req.path, c.var.requestId);

async function answerOf(c: AppContext, said: () => Promise<unknown>): Promise<Response> {
  try {
    return c.json(await said());
  } catch (e) {
    if (e instanceof ProblemError) return refusal(c, e);
    throw e;
  }
}
