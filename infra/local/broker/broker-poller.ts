// A bridge that nobody can call: it comes by itself, brings a snapshot and what came of earlier requests, and carries out
// what the reply asks, by the same journal and the same answers as the webhook.
// Invariants: a reply that is not signed over our own request is no reply; what was carried out is brought until a reply
// came, and what a death of the process loses is in the journal; deadlines are judged by the other side's clock, as far as
// its signed replies tell it.
import { randomBytes, randomUUID } from 'node:crypto';
import { bridgeContent } from './bridge-content.ts';
import { envelopeSchema } from './bridge-envelope.ts';
import { takeGuardOrder } from './bridge-guard.ts';
import { isFresh, signRequest, verifyReply } from './bridge-signature.ts';
import type { BridgeContext } from './bridge-webhook.ts';
import { BrokerCrash } from './broker-crash.ts';
import { takeFault } from './fault-book.ts';
import { guardOrderSchema } from './guard-order.ts';

const TIMEOUT_MS = 15_000;
/** Of a request, around its snapshot and its replies. */
const FRAME_BYTES = 4_096;
const NOT_UNDERSTOOD: readonly number[] = [400, 413, 415, 422];
/** After no reply, or none to be believed. */
const AGAIN_MS = 5_000;

export type Send = (request: {
  url: string;
  headers: Record<string, string>;
  body: Buffer;
}) => Promise<{ status: number; headers: Headers; body: Buffer }>;

export interface PolledBridgeTerms {
  bridgeId: string;
  secret: string;
  login: string;
  /** The whole address of the other side's `/bridge/v1/sync`. */
  url: string;
}

interface SyncReply {
  server_time: string;
  next_sync_ms: number;
  deals_from: string | null;
  requests: unknown[];
  guard?: unknown;
}

/** What came of one attempt: how long to wait until the next, and, where a believable reply came, its status. */
export interface SyncOutcome {
  nextMs: number;
  status: number | null;
  /** The problem of a refusal, or the reply. */
  said: unknown;
}

export class BrokerPoller {
  readonly #context: () => BridgeContext;
  readonly #terms: PolledBridgeTerms;
  readonly #send: Send;
  #bootId = '';
  /** Replies that no reply of the other side has answered yet. */
  #untold: unknown[] = [];
  /** Since when deals are wanted; undefined until that is known. */
  #dealsFrom: string | null | undefined;
  /** How much the other side's clock is ahead: as a refusal says it, for our signatures alone, and as it has signed it. */
  #aheadMs = { said: 0, signed: 0 };

  /** `context` is asked anew for each exchange: a restart of the process between two is one of the bridge. */
  constructor(context: () => BridgeContext, terms: PolledBridgeTerms, send: Send = post) {
    this.#context = context;
    this.#terms = terms;
    this.#send = send;
  }

  /** One exchange, and then what the reply asks for. */
  async sync(): Promise<SyncOutcome> {
    const context = this.#corrected(this.#context());
    if (context.bootId !== this.#bootId) this.#forget(context.bootId);
    const { engine } = context;
    const { login } = this.#terms;
    const fault = engine.transact(() =>
      takeFault(engine.state, { kinds: ['drop', 'timeout_after', 'bad_signature'], login, on: 'sync' }),
    );
    const brought = this.#untold.length;
    const request = this.#request(context, fault?.kind === 'bad_signature');
    const none = { nextMs: AGAIN_MS, status: null, said: null };
    if (fault?.kind === 'drop') return none;
    const reply = await this.#send({ url: this.#terms.url, ...request }).catch(() => null);
    if (reply === null || fault?.kind === 'timeout_after') return none;
    const said = parseJson(reply.body);
    if (!this.#believes(request, reply)) {
      this.#correct('said', Number((said as { server_time?: unknown } | null)?.server_time) * 1000);
      return none;
    }
    // What is not understood once will not be the next time, and the journal keeps it.
    if (reply.status === 200 || NOT_UNDERSTOOD.includes(reply.status)) this.#untold.splice(0, brought);
    if (reply.status !== 200) return { nextMs: AGAIN_MS, status: reply.status, said };
    this.#carryOut(said as SyncReply);
    return { nextMs: (said as SyncReply).next_sync_ms, status: 200, said };
  }

  #forget(bootId: string): void {
    this.#bootId = bootId;
    this.#untold = [];
    this.#dealsFrom = undefined;
  }

  #corrected(context: BridgeContext): BridgeContext {
    return { ...context, realNowMs: () => context.realNowMs() + this.#aheadMs.signed };
  }

  #correct(how: 'said' | 'signed', theirMs: number): void {
    if (Number.isFinite(theirMs)) this.#aheadMs[how] = theirMs - this.#context().realNowMs();
  }

  /** By which our signatures are dated and theirs are judged. */
  #signatureNowMs(): number {
    const { said, signed } = this.#aheadMs;
    return this.#context().realNowMs() + (said === 0 ? signed : said);
  }

  #request(context: BridgeContext, spoiled: boolean): { headers: Record<string, string>; body: Buffer } {
    const { engine } = context;
    const { bridgeId, secret, url, login } = this.#terms;
    const sentAt = new Date(context.realNowMs()).toISOString();
    const head = { v: 1 as const, request_id: randomUUID(), sent_at: sentAt };
    const from = this.#dealsFrom;
    const asked = { ...head, kind: 'snapshot' as const, deals_from: from ?? null };
    // The history leaves room for what has yet to be told.
    const told = Buffer.byteLength(JSON.stringify(this.#untold)) + FRAME_BYTES;
    const page = { ...context.page, bytes: context.page.bytes - told };
    const snapshot =
      from === undefined
        ? null
        : parseJson(bridgeContent({ ...context, page }, engine.account(login), asked).body);
    const said = { ...head, kind: 'sync', deals_from: from ?? null, snapshot, replies: this.#untold };
    const body = Buffer.from(JSON.stringify(said));
    const timestamp = String(Math.floor(this.#signatureNowMs() / 1000));
    const nonce = randomBytes(16).toString('base64url');
    const { pathname, search } = new URL(url);
    const signed = { path: pathname + search, timestamp, nonce, bridgeId, body };
    const signature = signRequest(secret, spoiled ? { ...signed, nonce: `${nonce}-` } : signed);
    return {
      headers: {
        'content-type': 'application/json',
        'x-bridge-id': bridgeId,
        'x-timestamp': timestamp,
        'x-nonce': nonce,
        'x-signature': signature,
      },
      body,
    };
  }

  #believes(
    request: { headers: Record<string, string>; body: Buffer },
    reply: { status: number; headers: Headers; body: Buffer },
  ): boolean {
    const timestamp = reply.headers.get('x-timestamp') ?? '';
    const lines = {
      ...{ status: reply.status, body: reply.body, timestamp, requestBody: request.body },
      nonce: request.headers['x-nonce'] ?? '',
    };
    const isTheirs = verifyReply(this.#terms.secret, lines, reply.headers.get('x-signature') ?? '');
    return isTheirs && isFresh(timestamp, this.#signatureNowMs());
  }

  #carryOut(reply: SyncReply): void {
    this.#correct('signed', Date.parse(reply.server_time));
    this.#aheadMs.said = 0;
    this.#dealsFrom = reply.deals_from;
    const context = this.#corrected(this.#context());
    const { login } = this.#terms;
    const account = context.engine.account(login);
    context.guards.hear(login, this.#context().realNowMs(), this.#aheadMs.signed);
    takeGuardOrder(context, login, guardOrderSchema.safeParse(reply.guard).data, account);
    for (const asked of reply.requests) {
      const envelope = envelopeSchema.safeParse(asked);
      if (!envelope.success) continue;
      try {
        const { status, body } = bridgeContent(context, account, envelope.data);
        const content = parseJson(body) as { error?: unknown };
        // A symbol that is not there has no bars to bring.
        if (status === 200 && content.error === undefined) this.#untold.push(content);
      } catch (cause) {
        // The process died: what it had yet to tell is lost with it, and its journal is not.
        if (!(cause instanceof BrokerCrash)) throw cause;
        return;
      }
    }
  }
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}

const post: Send = async ({ url, headers, body }) => {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const reply = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' });
  return {
    status: reply.status,
    headers: reply.headers,
    body: Buffer.from(await reply.arrayBuffer()),
  };
};
