// `POST /bridge/<login>`: proof, envelope, faults of the wire, signed reply.
// Invariants: nothing is parsed or answered in substance before the signature and the nonce are accepted; every
// reply to a proven request is signed; a 401 says nothing about its cause.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Envelope, envelopeSchema } from './bridge-envelope.ts';
import { executeCommand } from './bridge-execute.ts';
import type { BridgeJournal } from './bridge-journal.ts';
import {
  isFresh,
  type ProofHeaders,
  readProofHeaders,
  signReply,
  verifyRequest,
} from './bridge-signature.ts';
import { candlesBody, lookupBody, snapshotBody } from './bridge-snapshot.ts';
import type { BrokerEngine } from './broker-engine.ts';
import type { AccountRecord, FaultRecord } from './broker-records.ts';
import { SNAPSHOT_FAULTS, TRANSPORT_FAULTS, takeFault } from './fault-book.ts';
import type { NonceMemory } from './nonce-memory.ts';

export interface BridgeContext {
  engine: BrokerEngine;
  journal: BridgeJournal;
  nonces: NonceMemory;
  bootId: string;
  /** The next sequence number of an account's replies, from 1 at each start. */
  nextSeq: (login: string) => number;
  realNowMs: () => number;
}

interface Proven {
  account: AccountRecord;
  secret: string;
  proof: ProofHeaders;
  body: Buffer;
}

interface Reply {
  status: number;
  body: Buffer;
}

/** Handles one request whose body has been read; resolves when it was answered or dropped. */
export async function handleBridge(
  context: BridgeContext,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
): Promise<void> {
  const proven = proveRequest(context, request, body);
  if (!proven) return refuse(context, response);
  const envelope = parseEnvelope(body);
  const fault = takeTransportFault(context, proven.account.login, envelope?.kind);
  if (fault?.kind === 'drop') return void response.destroy();
  if (fault?.kind === 'timeout_before') return dropAfter(response, fault.hold_ms);
  if (fault?.kind === 'http_500') {
    return send(context, proven, response, { status: 500, body: Buffer.from('{"error":"internal"}') });
  }
  let reply = replyTo(context, proven, envelope);
  if (fault?.kind === 'duplicate') reply = replyTo(context, proven, envelope);
  if (fault?.kind === 'timeout_after') return dropAfter(response, fault.hold_ms);
  if (fault?.kind === 'garbage') reply = { status: 200, body: Buffer.from('<html>502 Bad Gateway</html>') };
  send(context, proven, response, reply, fault?.kind === 'bad_signature');
}

function proveRequest(context: BridgeContext, request: IncomingMessage, body: Buffer): Proven | null {
  const proof = readProofHeaders(request.headers);
  const path = request.url ?? '';
  if (!proof || !isFresh(proof.timestamp, context.realNowMs())) return null;
  const bridge = context.engine.state.tables.bridge.get(proof.bridgeId);
  const method = request.method ?? '';
  const secret = verifyRequest(bridge?.secrets ?? [], { method, path, body, proof });
  const account = context.engine.state.tables.account.get(bridge?.login ?? '');
  if (!bridge || !account || !secret || path.split('?')[0] !== `/bridge/${bridge.login}`) return null;
  return context.nonces.claim(proof.bridgeId, proof.nonce) ? { account, secret, proof, body } : null;
}

function refuse(context: BridgeContext, response: ServerResponse): void {
  const serverTime = Math.floor(context.realNowMs() / 1000);
  response.writeHead(401, { 'content-type': 'application/json', 'www-authenticate': 'Countersign' });
  response.end(JSON.stringify({ error: 'unauthorized', server_time: serverTime }));
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
  const wanted = { kinds: TRANSPORT_FAULTS, login, ...(on === undefined ? {} : { on }) };
  return engine.transact(() => takeFault(engine.state, wanted));
}

/** Keeps the caller waiting and then cuts the connection without a byte; resolves early where the caller gives up. */
function dropAfter(response: ServerResponse, holdMs: number): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      response.destroy();
      resolve();
    };
    const timer = setTimeout(finish, holdMs);
    response.once('close', finish);
  });
}

function replyTo(context: BridgeContext, proven: Proven, envelope: Envelope | null): Reply {
  const { bootId, nextSeq } = context;
  const seq = nextSeq(proven.account.login);
  const [status, content] = envelope
    ? answerTo(context, proven.account, envelope)
    : [422, { error: { code: 'invalid_envelope', message: 'the body is no envelope of version 1' } }];
  const head = { v: 1, kind: envelope?.kind ?? null, request_id: envelope?.request_id ?? null };
  return { status, body: Buffer.from(JSON.stringify({ ...head, boot_id: bootId, seq, ...content })) };
}

function answerTo(context: BridgeContext, account: AccountRecord, envelope: Envelope): [number, object] {
  const { engine, journal, realNowMs } = context;
  engine.catchUp();
  switch (envelope.kind) {
    case 'snapshot': {
      const faults = takeSnapshotFaults(context, account.login);
      const fresh = engine.account(account.login);
      return [200, snapshotBody(engine.state, fresh, envelope, { realNowMs: realNowMs(), faults })];
    }
    case 'execute':
      return [200, { result: executeCommand({ engine, journal, account, realNowMs }, envelope.command) }];
    case 'lookup':
      return [200, lookupBody(engine.state, account, envelope, journal)];
    case 'candles': {
      const found = candlesBody(engine.state, envelope);
      return [200, found ?? { error: { code: 'unknown_symbol', message: `no symbol ${envelope.symbol}` } }];
    }
  }
}

function takeSnapshotFaults(context: BridgeContext, login: string): FaultRecord[] {
  const { engine } = context;
  return engine.transact(() =>
    [...SNAPSHOT_FAULTS, 'disconnected']
      .map((kind) => takeFault(engine.state, { kinds: [kind], login, on: 'snapshot' }))
      .filter((fault) => fault !== null),
  );
}

function send(
  context: BridgeContext,
  proven: Proven,
  response: ServerResponse,
  reply: Reply,
  spoilSignature = false,
): void {
  const timestamp = String(Math.floor(context.realNowMs() / 1000));
  const signed = {
    status: reply.status,
    nonce: proven.proof.nonce,
    requestBody: proven.body,
    timestamp,
    // A signature over another body is well formed and wrong, which is the harder case to notice.
    body: spoilSignature ? Buffer.from('{}') : reply.body,
  };
  response.writeHead(reply.status, {
    'content-type': 'application/json',
    'content-length': reply.body.length,
    'x-timestamp': timestamp,
    'x-signature': signReply(proven.secret, signed),
  });
  response.end(reply.body);
}
