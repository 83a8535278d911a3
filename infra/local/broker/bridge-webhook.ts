// `POST /bridge/<login>`: proof, envelope, faults of the wire, signed reply; the same for HTTP and in one process.
// Invariants: nothing is parsed or answered in substance before the signature and the nonce are accepted; every
// reply to a proven request is signed; a 401 says nothing about its cause.
import { bridgeContent, type Content } from './bridge-content.ts';
import { type Envelope, envelopeSchema } from './bridge-envelope.ts';
import type { BridgeJournal } from './bridge-journal.ts';
import {
  isFresh,
  type ProofHeaders,
  readProofHeaders,
  signReply,
  verifyRequest,
} from './bridge-signature.ts';
import { BrokerCrash } from './broker-crash.ts';
import type { BrokerEngine } from './broker-engine.ts';
import type { AccountRecord, FaultRecord } from './broker-records.ts';
import { TRANSPORT_FAULTS, takeFault } from './fault-book.ts';
import type { GuardBook } from './guard-book.ts';
import type { HeldReplies } from './held-replies.ts';
import type { PageLimits } from './history-page.ts';
import type { NonceMemory } from './nonce-memory.ts';

const HUGE_BYTES = 10 * 1_048_576;

export interface BridgeContext {
  engine: BrokerEngine;
  journal: BridgeJournal;
  guards: GuardBook;
  nonces: NonceMemory;
  bootId: string;
  /** The next sequence number of an account's replies, from 1 at each start. */
  nextSeq: (login: string) => number;
  held: HeldReplies;
  realNowMs: () => number;
  crash: () => never;
  /** How much history one snapshot holds. */
  page: PageLimits;
}

export interface BridgeRequest {
  method: string;
  /** Path with query, as sent. */
  path: string;
  /** Names in lower case. */
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
  /** Resolves when the caller has gone, so that nobody waits for it. */
  gone?: Promise<unknown>;
}

export interface BridgeReply {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

/** `cut` closes the connection without a byte, `torn` after half of the body. */
export type BridgeAnswer = { kind: 'reply' | 'torn'; reply: BridgeReply } | { kind: 'cut' };

interface Proven {
  account: AccountRecord;
  secret: string;
  proof: ProofHeaders;
  body: Buffer;
}

/** Answers one request whose body has been read. */
export async function answerBridge(context: BridgeContext, request: BridgeRequest): Promise<BridgeAnswer> {
  const skewed = withSkew(context, request.path);
  const proven = proveRequest(skewed, request);
  if (!proven) return refuse(skewed);
  const envelope = parseEnvelope(request.body);
  const fault = takeTransportFault(skewed, proven.account.login, envelope?.kind);
  try {
    return await answerWith(skewed, request, { proven, envelope, fault });
  } catch (cause) {
    if (cause instanceof BrokerCrash) return { kind: 'cut' };
    throw cause;
  }
}

type Asked = { proven: Proven; envelope: Envelope | null; fault: FaultRecord | null };

async function answerWith(
  context: BridgeContext,
  request: BridgeRequest,
  asked: Asked,
): Promise<BridgeAnswer> {
  const { proven, envelope, fault } = asked;
  const reply = (content: Content, spoiled = false): BridgeAnswer => ({
    kind: 'reply',
    reply: signed(context, proven, content, spoiled),
  });
  if (fault?.kind === 'drop') return { kind: 'cut' };
  if (fault?.kind === 'timeout_before') {
    await pause(fault.hold_ms, request.gone);
    return { kind: 'cut' };
  }
  if (fault?.kind === 'http_500') return reply({ status: 500, body: Buffer.from('{"error":"internal"}') });
  let content = bridgeContent(context, proven.account, envelope);
  if (fault?.kind === 'duplicate') content = bridgeContent(context, proven.account, envelope);
  const { login } = proven.account;
  content = context.held.staleFor(`${login}/${envelope?.kind}`, content, fault?.kind === 'stale');
  if (fault?.kind === 'reorder') {
    const { hold_ms } = fault;
    await context.held.hold(login, (released) => pause(hold_ms, request.gone, released));
  } else context.held.release(login);
  switch (fault?.kind) {
    case 'timeout_after':
      await pause(fault.hold_ms, request.gone);
      return { kind: 'cut' };
    case 'slow':
      await pause(fault.hold_ms, request.gone);
      return reply(content);
    case 'garbage':
      return reply({ status: 200, body: Buffer.from('<html>502 Bad Gateway</html>') });
    case 'huge':
      return reply(padded(content));
    case 'cut_reply':
      return { kind: 'torn', reply: signed(context, proven, content, false) };
    default:
      return reply(content, fault?.kind === 'bad_signature');
  }
}

/** The clock of the bridge's machine, wrong by the seconds of an armed `skew:` fault for the length of one request. */
function withSkew(context: BridgeContext, path: string): BridgeContext {
  const { engine, realNowMs } = context;
  const login = path.split('?')[0]?.split('/')[2] ?? '';
  const fault = engine.transact(() => takeFault(engine.state, { kinds: ['skew:*'], login }));
  if (!fault) return context;
  const skewMs = Number(fault.kind.slice('skew:'.length)) * 1000;
  return { ...context, realNowMs: () => realNowMs() + skewMs };
}

/** Waits, but no longer than till one of `ends` has come. */
function pause(ms: number, ...ends: (Promise<unknown> | undefined)[]): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    for (const end of ends) end?.then(finish);
  });
}

function padded(content: Content): Content {
  const filler = Buffer.alloc(HUGE_BYTES, 'x');
  const head = content.body.subarray(0, -1);
  return { ...content, body: Buffer.concat([head, Buffer.from(',"padding":"'), filler, Buffer.from('"}')]) };
}

function proveRequest(context: BridgeContext, request: BridgeRequest): Proven | null {
  const { method, path, body } = request;
  const proof = readProofHeaders(request.headers);
  if (!proof || !isFresh(proof.timestamp, context.realNowMs())) return null;
  const bridge = context.engine.state.tables.bridge.get(proof.bridgeId);
  const secret = verifyRequest(bridge?.secrets ?? [], { method, path, body, proof });
  const account = context.engine.state.tables.account.get(bridge?.login ?? '');
  if (!bridge || !account || !secret || path.split('?')[0] !== `/bridge/${bridge.login}`) return null;
  if (!context.nonces.claim(proof.bridgeId, proof.nonce)) return null;
  context.guards.hear(account.login, context.realNowMs());
  return { account, secret, proof, body };
}

function refuse(context: BridgeContext): BridgeAnswer {
  const serverTime = Math.floor(context.realNowMs() / 1000);
  const headers = { 'content-type': 'application/json', 'www-authenticate': 'Countersign' };
  const body = Buffer.from(JSON.stringify({ error: 'unauthorized', server_time: serverTime }));
  return { kind: 'reply', reply: { status: 401, headers, body } };
}

function parseEnvelope(body: Buffer): Envelope | null {
  try {
    return envelopeSchema.parse(JSON.parse(body.toString('utf8')));
  } catch {
    return null;
  }
}

function takeTransportFault(
  context: BridgeContext,
  login: string,
  on: string | undefined,
): FaultRecord | null {
  const { engine } = context;
  return engine.transact(() => takeFault(engine.state, { kinds: TRANSPORT_FAULTS, login, on }));
}

function signed(context: BridgeContext, proven: Proven, content: Content, spoiled: boolean): BridgeReply {
  const timestamp = String(Math.floor(context.realNowMs() / 1000));
  const said = {
    status: content.status,
    nonce: proven.proof.nonce,
    requestBody: proven.body,
    timestamp,
    // A signature over another body is well formed and wrong, which is the harder case to notice.
    body: spoiled ? Buffer.from('{}') : content.body,
  };
  const headers = {
    'content-type': 'application/json',
    'content-length': String(content.body.length),
    'x-timestamp': timestamp,
    'x-signature': signReply(proven.secret, said),
  };
  return { status: content.status, headers, body: content.body };
}
