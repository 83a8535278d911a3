// An HTTP server that speaks the part of the S3 REST API that we use, path style, with its objects on disk.
//
// Invariants:
// - No request is answered without a valid Signature Version 4 (aws-signature.ts).
// - A conditional write (`If-None-Match: *`) succeeds for exactly one of several concurrent writers.
// - Errors are S3's XML with S3's codes. The first object put into a bucket makes the bucket.
// Left out: Range, multipart uploads, versions, presigned addresses, chunk signatures.
// Source: docs.aws.amazon.com/AmazonS3/latest/API.
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type SignedRequest, type SigningKeys, UNSIGNED_TRAILER, verifySignature } from './aws-signature.ts';
import { type LoopbackServer, listenLoopback } from './listen-loopback.ts';
import { ObjectFiles, type ObjectMeta } from './object-files.ts';
import { listingXml, xmlText } from './object-listing.ts';

const MAX_BODY_BYTES = 64 * 1024 * 1024;
const STORED_HEADERS = [
  'content-type',
  'cache-control',
  'content-disposition',
  'content-language',
  'expires',
];

/** `now` gives epoch milliseconds (the system clock by default); port 0 takes a free one. */
export interface ObjectStoreOptions extends SigningKeys {
  port: number;
  dataDir: string;
  now?: () => number;
}

interface Answer {
  status: number;
  headers?: Record<string, string | number>;
  body?: string | Buffer;
}

/** S3 error codes with their status and message. */
const ERRORS = {
  AccessDenied: [403, 'Access Denied'],
  AuthorizationHeaderMalformed: [400, 'The authorization header is malformed.'],
  BadDigest: [400, 'The Content-MD5 you specified did not match what we received.'],
  EntityTooLarge: [400, 'Your proposed upload exceeds the maximum allowed size'],
  InternalError: [500, 'We encountered an internal error. Please try again.'],
  InvalidAccessKeyId: [403, 'The AWS Access Key Id you provided does not exist in our records.'],
  InvalidRequest: [400, 'The request is not well-formed.'],
  MethodNotAllowed: [405, 'The specified method is not allowed against this resource.'],
  NoSuchBucket: [404, 'The specified bucket does not exist'],
  NoSuchKey: [404, 'The specified key does not exist.'],
  NotImplemented: [501, 'A header you provided implies functionality that is not implemented.'],
  PreconditionFailed: [412, 'At least one of the pre-conditions you specified did not hold'],
  RequestTimeTooSkewed: [403, 'The difference between the request time and the current time is too large.'],
  SignatureDoesNotMatch: [
    403,
    'The request signature we calculated does not match the signature you provided.',
  ],
  XAmzContentSHA256Mismatch: [
    400,
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
  ],
} as const satisfies Record<string, readonly [number, string]>;

function failure(code: keyof typeof ERRORS, resource: string): Answer {
  const [status, message] = ERRORS[code];
  const body =
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${xmlText(message)}</Message>` +
    `<Resource>${xmlText(resource)}</Resource><RequestId>${randomUUID()}</RequestId></Error>`;
  return { status, headers: { 'Content-Type': 'application/xml' }, body };
}

/** The content of an aws-chunked body: `<hex size>[;extension]` lines, each with its bytes, then trailers. */
function decodeChunks(body: Buffer): Buffer | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = lineEnd === -1 ? Number.NaN : Number.parseInt(body.toString('latin1', at, lineEnd), 16);
    if (!Number.isInteger(size) || lineEnd + 2 + size > body.length) return undefined;
    if (size === 0) return Buffer.concat(chunks);
    chunks.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 4 + size;
  }
}

function objectHeaders(meta: ObjectMeta): Record<string, string | number> {
  return {
    'content-type': 'binary/octet-stream',
    ...meta.headers,
    ETag: meta.etag,
    'Last-Modified': new Date(meta.modifiedAtMs).toUTCString(),
    'Content-Length': meta.size,
  };
}

function matches(condition: string | undefined, etag: string): boolean {
  if (condition === undefined) return false;
  return condition.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}

function storedHeaders(request: SignedRequest): Record<string, string> {
  const stored: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value === 'string' && (STORED_HEADERS.includes(name) || name.startsWith('x-amz-meta-')))
      stored[name] = value;
  }
  const encoding = request.headers['content-encoding']?.replace(/\s*aws-chunked\s*,?\s*/, '');
  if (encoding) stored['content-encoding'] = encoding;
  return stored;
}

/** Answers signed requests from the files. */
class ObjectStore {
  readonly #files: ObjectFiles;
  readonly #keys: SigningKeys;
  readonly #now: () => number;

  constructor(options: ObjectStoreOptions) {
    this.#files = new ObjectFiles(options.dataDir);
    this.#keys = options;
    this.#now = options.now ?? Date.now;
  }

  async answer(request: SignedRequest): Promise<Answer> {
    const verdict = verifySignature(request, this.#keys, this.#now());
    if (verdict !== 'accepted') return failure(verdict, request.path);
    const [, bucket = '', ...segments] = request.path.split('/').map(decodeURIComponent);
    const key = segments.join('/');
    if (!/^[a-z0-9][a-z0-9.-]{1,62}$/.test(bucket)) return failure('NoSuchBucket', request.path);
    if (key === '') return this.#answerBucket(request, bucket);
    switch (request.method) {
      case 'PUT':
        return this.#put(request, bucket, key);
      case 'GET':
      case 'HEAD':
        return this.#get(request, bucket, key);
      case 'DELETE':
        this.#files.delete(bucket, key);
        return { status: 204 };
      default:
        return failure('MethodNotAllowed', request.path);
    }
  }

  #answerBucket(request: SignedRequest, bucket: string): Answer {
    if (request.method === 'PUT') {
      this.#files.createBucket(bucket);
      return { status: 200, headers: { Location: `/${bucket}` } };
    }
    if (!this.#files.hasBucket(bucket)) return failure('NoSuchBucket', request.path);
    if (request.method === 'HEAD') return { status: 200 };
    const query = new URLSearchParams(request.query);
    if (request.method !== 'GET' || query.get('list-type') !== '2')
      return failure('NotImplemented', request.path);
    const body = listingXml(bucket, this.#files.list(bucket), query);
    return { status: 200, headers: { 'Content-Type': 'application/xml' }, body };
  }

  async #put(request: SignedRequest, bucket: string, key: string): Promise<Answer> {
    const chunked = request.headers['x-amz-content-sha256'] === UNSIGNED_TRAILER;
    const body = chunked ? decodeChunks(request.body) : request.body;
    if (body === undefined) return failure('InvalidRequest', request.path);
    const md5 = request.headers['content-md5'];
    if (md5 !== undefined && md5 !== createHash('md5').update(body).digest('base64'))
      return failure('BadDigest', request.path);
    const condition = request.headers['if-none-match'];
    if (condition !== undefined && condition !== '*') return failure('NotImplemented', request.path);
    const object = { key, body, headers: storedHeaders(request), modifiedAtMs: this.#now() };
    const written = await this.#files.write(bucket, object, condition === '*');
    return written === 'exists'
      ? failure('PreconditionFailed', request.path)
      : { status: 200, headers: { ETag: written.etag } };
  }

  async #get(request: SignedRequest, bucket: string, key: string): Promise<Answer> {
    if (!this.#files.hasBucket(bucket)) return failure('NoSuchBucket', request.path);
    const found = await this.#files.read(bucket, key);
    if (found === undefined) return failure('NoSuchKey', request.path);
    const headers = objectHeaders(found.meta);
    if (matches(request.headers['if-none-match'], found.meta.etag)) {
      const { 'Content-Length': _length, ...others } = headers;
      return { status: 304, headers: others };
    }
    return { status: 200, headers, body: found.body };
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return bytes > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks);
}

async function handle(store: ObjectStore, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path = '/', query = ''] = (request.url ?? '/').split(/\?(.*)/s);
  const method = request.method ?? 'GET';
  let answer: Answer;
  try {
    const body = await readBody(request);
    answer =
      body === undefined
        ? failure('EntityTooLarge', path)
        : await store.answer({ method, path, query, headers: request.headers, body });
  } catch (error) {
    if (!(error instanceof URIError)) console.error(error);
    answer = failure(error instanceof URIError ? 'InvalidRequest' : 'InternalError', path);
  }
  response.writeHead(answer.status, { 'x-amz-request-id': randomUUID(), ...answer.headers });
  response.end(method === 'HEAD' ? undefined : answer.body);
}

/** Starts the server on 127.0.0.1. Throws what `listen` throws (EADDRINUSE). */
export async function startObjectStore(options: ObjectStoreOptions): Promise<LoopbackServer> {
  const store = new ObjectStore(options);
  const server = createServer(
    { keepAliveTimeout: 0 },
    (request, response) => void handle(store, request, response),
  );
  return listenLoopback(server, options.port);
}
