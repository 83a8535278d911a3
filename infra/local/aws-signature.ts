// Verification of AWS Signature Version 4 in its header form.
//
// Invariant: the signature covers the method, the path, the query, the signed headers and the payload's hash; a
// request is accepted only when all of them are as signed and the payload's hash is that of the body received.
// Source: docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** The request as it came; `path` and `query` are the raw text of the request line. */
export interface SignedRequest {
  method: string;
  path: string;
  query: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface SigningKeys {
  accessKey: string;
  secretKey: string;
}

/** `accepted`, or the S3 error code that the client is to see. */
export type SignatureVerdict =
  | 'accepted'
  | 'AccessDenied'
  | 'AuthorizationHeaderMalformed'
  | 'InvalidAccessKeyId'
  | 'RequestTimeTooSkewed'
  | 'SignatureDoesNotMatch'
  | 'XAmzContentSHA256Mismatch'
  | 'NotImplemented';

const MAX_SKEW_MS = 15 * 60 * 1_000;
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request,\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})$/;

/** Marker of a body in aws-chunked form whose chunks are not signed; the AWS SDK sends streams so. */
export const UNSIGNED_TRAILER = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256Hex(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function canonicalPath(path: string): string {
  return path
    .split('/')
    .map((segment) => uriEncode(decodeURIComponent(segment)))
    .join('/');
}

function canonicalQuery(query: string): string {
  return [...new URLSearchParams(query)]
    .map(([name, value]) => [uriEncode(name), uriEncode(value)] as const)
    .sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function headerText(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return (Array.isArray(value) ? value.join(',') : (value ?? '')).trim().replace(/\s+/g, ' ');
}

function parseAmzDate(text: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!parts) return Number.NaN;
  const [, year, month, day, hour, minute, second] = parts.map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
}

function payloadVerdict(declared: string, body: Buffer): SignatureVerdict {
  if (declared === 'UNSIGNED-PAYLOAD' || declared === UNSIGNED_TRAILER) return 'accepted';
  if (declared.startsWith('STREAMING-')) return 'NotImplemented';
  return declared === sha256Hex(body) ? 'accepted' : 'XAmzContentSHA256Mismatch';
}

/** Checks a request against one pair of keys. `nowMs` is epoch milliseconds; requests 15 minutes off are refused. */
export function verifySignature(request: SignedRequest, keys: SigningKeys, nowMs: number): SignatureVerdict {
  const { headers } = request;
  if (headers.authorization === undefined) return 'AccessDenied';
  const parts = AUTHORIZATION.exec(headers.authorization);
  if (!parts) return 'AuthorizationHeaderMalformed';
  const [, accessKey = '', day = '', region = '', service = '', signedHeaders = '', signature = ''] = parts;
  if (accessKey !== keys.accessKey) return 'InvalidAccessKeyId';
  const amzDate = headerText(headers, 'x-amz-date');
  const sentAt = parseAmzDate(amzDate);
  if (!(Math.abs(nowMs - sentAt) <= MAX_SKEW_MS) || !amzDate.startsWith(day)) return 'RequestTimeTooSkewed';
  const names = signedHeaders.split(';');
  const payloadHash = headerText(headers, 'x-amz-content-sha256');
  if (!names.includes('host') || payloadHash === '') return 'AuthorizationHeaderMalformed';
  const canonical = [
    request.method,
    canonicalPath(request.path),
    canonicalQuery(request.query),
    ...names.map((name) => `${name}:${headerText(headers, name)}`),
    '',
    signedHeaders,
    payloadHash,
  ].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = `AWS4-HMAC-SHA256\n${amzDate}\n${scope}\n${sha256Hex(canonical)}`;
  const signingKey = [region, service, 'aws4_request'].reduce<Buffer>(
    hmac,
    hmac(`AWS4${keys.secretKey}`, day),
  );
  if (!timingSafeEqual(hmac(signingKey, toSign), Buffer.from(signature, 'hex')))
    return 'SignatureDoesNotMatch';
  return payloadVerdict(payloadHash, request.body);
}
