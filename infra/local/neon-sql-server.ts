// An HTTP server that speaks Neon's `/sql` to a local PostgreSQL, so that `@neondatabase/serverless` and drizzle
// neon-http run unchanged.
//
// Invariants:
// - Every connection goes to 127.0.0.1 (see neon-connection-pool.ts); the header decides user and database only.
// - A PostgreSQL error is HTTP 400 with all its fields; a database that cannot be reached is 500, an answer over
//   10 MB is 507, as at Neon. A batch commits as a whole or not at all.
// - Session settings (`SET`) live on with a pooled connection, as at Neon: use SET LOCAL in a batch.
// Known difference: COMMIT travels with its batch, so a batch answered with 507 may have been committed.
// Source: neondatabase/neon, proxy/src/serverless/sql_over_http.rs.
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import pg from 'pg';
import { type LoopbackServer, listenLoopback } from './listen-loopback.ts';
import { type Abort, ConnectFailure, NeonConnectionPools } from './neon-connection-pool.ts';
import { BadSqlRequest, readSqlRequest, type SqlRequest } from './neon-sql-request.ts';
import { errorJson, resultJson } from './neon-sql-response.ts';
import type { RunOutcome } from './neon-statement-run.ts';

const MAX_REQUEST_BYTES = 64 * 1024 * 1024;
const MAX_RESPONSE_BYTES = 10 * 1024 * 1024;
/** PostgreSQL's refusals that are the client's fault: wrong password, role, database. */
const CLIENT_FAULTS: ReadonlySet<string> = new Set(['28000', '28P01', '3D000', '42501']);

/** `maxConnections` counts for each connection string (default 16); port 0 takes a free one. */
export interface NeonSqlOptions {
  port: number;
  databasePort: number;
  maxConnections?: number;
}

/** `url` is the address for `neonConfig.fetchEndpoint`, ending in `/sql`. */
export interface NeonSqlServer extends LoopbackServer {
  /** Connections to PostgreSQL, over all connection strings. */
  counts: () => { open: number; idle: number };
  /** Answers a request that comes from this very process, without a socket. Header names are in lower case. */
  ask: (headers: IncomingHttpHeaders, body: string) => Promise<NeonSqlAnswer>;
}

export interface NeonSqlAnswer {
  status: number;
  body: string;
  headers?: Record<string, string>;
}

function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((done, fail) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      // The rest is read and thrown away: a client that is still writing would otherwise see a broken pipe.
      if (bytes <= MAX_REQUEST_BYTES) chunks.push(chunk);
      else chunks.length = 0;
    });
    request.on('end', () => {
      if (bytes > MAX_REQUEST_BYTES)
        fail(new BadSqlRequest(`request is too large (max is ${MAX_REQUEST_BYTES} bytes)`, 413));
      else done(chunks.length === 1 ? String(chunks[0]) : Buffer.concat(chunks, bytes).toString());
    });
    request.on('error', fail);
  });
}

function answerOutcome(outcome: RunOutcome, request: SqlRequest): NeonSqlAnswer {
  switch (outcome.kind) {
    case 'too-large': {
      const message = `response is too large (max is ${MAX_RESPONSE_BYTES} bytes)`;
      return { status: 507, body: JSON.stringify({ message }) };
    }
    case 'failed':
      return { status: 400, body: errorJson(outcome.error, outcome.error instanceof pg.DatabaseError) };
    case 'done': {
      const parts = outcome.results.map((result, index) =>
        resultJson(result, request.statements[index]?.output ?? { rawText: true, asArray: true }),
      );
      if (request.batch === undefined) return { status: 200, body: parts[0] ?? '' };
      return { status: 200, body: `{"results":[${parts.join(',')}]}`, headers: request.batch.echo };
    }
  }
}

function answerFailure(error: unknown): NeonSqlAnswer {
  if (error instanceof BadSqlRequest) return { status: error.status, body: errorJson(error, false) };
  if (error instanceof ConnectFailure) {
    const cause = error.cause instanceof Error ? error.cause : error;
    const fromDatabase = cause instanceof pg.DatabaseError;
    const clientFault = fromDatabase && CLIENT_FAULTS.has(cause.code ?? '');
    return { status: clientFault ? 400 : 500, body: errorJson(cause, fromDatabase) };
  }
  return { status: 500, body: errorJson(error instanceof Error ? error : new Error(String(error)), false) };
}

async function answer(
  request: IncomingMessage,
  pools: NeonConnectionPools,
  abort: Abort,
): Promise<NeonSqlAnswer> {
  const path = request.url?.split('?', 1)[0];
  if (path !== '/sql') return { status: 404, body: '{"message":"not found"}' };
  if (request.method !== 'POST') return { status: 405, body: '{"message":"method not allowed"}' };
  return answerSql(request.headers, () => readBody(request), pools, abort);
}

async function answerSql(
  headers: IncomingHttpHeaders,
  readText: () => string | Promise<string>,
  pools: NeonConnectionPools,
  abort: Abort,
): Promise<NeonSqlAnswer> {
  try {
    const body = await readText();
    const connectionString = headers['neon-connection-string'];
    if (typeof connectionString !== 'string')
      throw new BadSqlRequest('missing header `Neon-Connection-String`');
    const sql = readSqlRequest(headers, body);
    const statements = sql.statements.map(({ statement }) => statement);
    return answerOutcome(await pools.run(connectionString, statements, sql.batch?.begin, abort), sql);
  } catch (error) {
    return answerFailure(error);
  }
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  pools: NeonConnectionPools,
): Promise<void> {
  const abort: Abort = { aborted: false, cancel: undefined };
  response.on('close', () => {
    if (response.writableFinished) return;
    abort.aborted = true;
    abort.cancel?.();
  });
  const { status, body, headers } = await answer(request, pools, abort);
  if (response.destroyed) return;
  // One write for head and body: the string stays a string, Node joins the two.
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Access-Control-Allow-Origin': '*',
    ...headers,
  });
  response.end(body);
}

/**
 * Starts the server on 127.0.0.1. The database need not be up: requests answer 500 until it is.
 * Throws what `listen` throws (EADDRINUSE).
 */
export async function startNeonSqlServer(options: NeonSqlOptions): Promise<NeonSqlServer> {
  const pools = new NeonConnectionPools({
    databasePort: options.databasePort,
    maxConnections: options.maxConnections ?? 16,
    maxBytes: MAX_RESPONSE_BYTES,
  });
  const server = createServer((request, response) => void handle(request, response, pools));
  const listening = await listenLoopback(server, options.port);
  return {
    url: `${listening.url}/sql`,
    port: listening.port,
    counts: () => pools.counts(),
    ask: (headers, body) => answerSql(headers, () => body, pools, { aborted: false, cancel: undefined }),
    stop: async () => {
      await listening.stop();
      await pools.close();
    },
  };
}
