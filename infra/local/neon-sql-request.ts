// One request to Neon's `/sql`, read from its headers and body.
// Source: neondatabase/neon, proxy/src/serverless/sql_over_http.rs and json.rs (parameter rules).
import type { IncomingHttpHeaders } from 'node:http';
import type { Statement } from './neon-statement-run.ts';

/** How rows leave: as text or as JSON values, as arrays or as objects. The driver asks for text and arrays. */
export interface OutputMode {
  rawText: boolean;
  asArray: boolean;
}

/** A single query, or a batch with its `BEGIN` text and the headers that the answer repeats. */
export interface SqlRequest {
  statements: { statement: Statement; output: OutputMode }[];
  batch: { begin: string; echo: Record<string, string> } | undefined;
}

/** A request that cannot be run; `status` is 400, or 413 for the size. The message is for the client. */
export class BadSqlRequest extends Error {
  readonly status: number;

  constructor(message: string, status = 400) {
    super(message);
    this.name = 'BadSqlRequest';
    this.status = status;
  }
}

const ISOLATION_LEVELS: ReadonlyMap<string, string> = new Map([
  ['Serializable', 'SERIALIZABLE'],
  ['RepeatableRead', 'REPEATABLE READ'],
  ['ReadCommitted', 'READ COMMITTED'],
  ['ReadUncommitted', 'READ UNCOMMITTED'],
]);

/** The Bind message counts parameters in 16 bits. */
const MAX_PARAMETERS = 65_535;

function arrayElement(value: unknown): string {
  if (value === null) return 'NULL';
  if (Array.isArray(value)) return arrayLiteral(value);
  return JSON.stringify(typeof value === 'object' ? JSON.stringify(value) : value);
}

function arrayLiteral(values: readonly unknown[]): string {
  return `{${values.map(arrayElement).join(',')}}`;
}

/**
 * The text that PostgreSQL receives for one JSON parameter: null stays null, a string goes as it is, an array
 * becomes an array literal, everything else its JSON text.
 */
export function parameterText(value: unknown): string | null {
  if (value === null) return null;
  if (typeof value === 'string') {
    // Neon's parser refuses lone surrogates; Node would silently replace them by U+FFFD.
    if (!value.isWellFormed()) throw new BadSqlRequest('lone surrogate in a string of the request');
    return value;
  }
  return Array.isArray(value) ? arrayLiteral(value) : JSON.stringify(value);
}

function readStatement(value: unknown): { statement: Statement; arrayMode: boolean | undefined } {
  if (typeof value !== 'object' || value === null) throw new BadSqlRequest('a query must be an object');
  const {
    query,
    params = [],
    arrayMode,
  } = value as { query?: unknown; params?: unknown; arrayMode?: unknown };
  if (typeof query !== 'string') throw new BadSqlRequest('missing field `query`');
  if (!Array.isArray(params)) throw new BadSqlRequest('`params` must be an array');
  if (params.length > MAX_PARAMETERS) throw new BadSqlRequest(`more than ${MAX_PARAMETERS} parameters`);
  // A zero byte would end the Parse message early and put the connection out of step.
  if (query.includes('\0') || !query.isWellFormed())
    throw new BadSqlRequest('invalid character in the query');
  return {
    statement: { text: query, params: params.map(parameterText) },
    arrayMode: typeof arrayMode === 'boolean' ? arrayMode : undefined,
  };
}

function readBatchHeaders(headers: IncomingHttpHeaders): { begin: string; echo: Record<string, string> } {
  const echo: Record<string, string> = {};
  let begin = 'BEGIN';
  const isolation = headers['neon-batch-isolation-level'];
  if (isolation !== undefined) {
    const level = typeof isolation === 'string' ? ISOLATION_LEVELS.get(isolation) : undefined;
    if (level === undefined || typeof isolation !== 'string')
      throw new BadSqlRequest('invalid isolation level');
    begin += ` ISOLATION LEVEL ${level}`;
    echo['Neon-Batch-Isolation-Level'] = isolation;
  }
  if (headers['neon-batch-read-only'] === 'true') {
    begin += ' READ ONLY';
    echo['Neon-Batch-Read-Only'] = 'true';
  }
  if (headers['neon-batch-deferrable'] === 'true') {
    begin += ' DEFERRABLE';
    echo['Neon-Batch-Deferrable'] = 'true';
  }
  return { begin, echo };
}

/**
 * Reads a request. `body` is the whole body as text.
 * Throws BadSqlRequest for a body that is no JSON, a missing query or a wrong header value.
 */
export function readSqlRequest(headers: IncomingHttpHeaders, body: string): SqlRequest {
  let payload: unknown;
  try {
    payload = JSON.parse(body);
  } catch (error) {
    throw new BadSqlRequest(
      `could not parse the request: ${error instanceof Error ? error.message : 'no JSON'}`,
    );
  }
  const rawText = headers['neon-raw-text-output'] === 'true';
  const defaultArrayMode = headers['neon-array-mode'] === 'true';
  const batchHeaders = readBatchHeaders(headers);
  const read = (value: unknown): SqlRequest['statements'][number] => {
    const { statement, arrayMode } = readStatement(value);
    return { statement, output: { rawText, asArray: arrayMode ?? defaultArrayMode } };
  };
  const queries =
    typeof payload === 'object' && payload !== null ? (payload as { queries?: unknown }).queries : undefined;
  if (Array.isArray(queries)) return { statements: queries.map(read), batch: batchHeaders };
  return { statements: [read(payload)], batch: undefined };
}
