/**
 * Every refusal on the wire is one of these (RFC 9457). One table maps a problem to its status and title, and
 * nobody else writes a 4xx or 5xx; a 5xx carries no detail of its cause.
 */
const PROBLEMS = {
  unauthorized: [401, 'The caller could not be identified'],
  forbidden: [403, 'Not allowed for this caller'],
  'not-found': [404, 'No such resource'],
  'duplicate-signal': [409, 'This signal was received before'],
  'idempotency-mismatch': [409, 'The same external_id came with different content'],
  'already-decided': [409, 'This signal is decided already'],
  'signal-not-open': [409, 'This signal can no longer be decided'],
  'consent-outdated': [409, 'A newer consent text is in force'],
  'terms-changed': [409, 'The terms differ from those shown'],
  conflict: [409, 'The request conflicts with the present state'],
  gone: [410, 'No longer available'],
  'payload-too-large': [413, 'The body is too large'],
  'unsupported-media-type': [415, 'The body must be application/json'],
  'invalid-json': [400, 'The body is not JSON'],
  'invalid-body': [422, 'The body does not fit'],
  'invalid-query': [422, 'The query does not fit'],
  'account-required': [422, 'An account must be named'],
  'rate-limited': [429, 'Too many requests'],
  misconfigured: [503, 'This deployment is misconfigured'],
  unavailable: [503, 'Temporarily unavailable'],
  internal: [500, 'Something broke on our side'],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemSlug = keyof typeof PROBLEMS;
/** One fault in a body or query; `pointer` is an RFC 6901 JSON Pointer, `code` there where a caller may act on it. */
export type Fault = { pointer: string; detail: string; code?: string };

/** The JSON Pointer (RFC 6901) of a member by its path from the root; the root itself is the empty text. */
export const jsonPointer = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

type Extra = Record<string, unknown> & { detail?: string; errors?: readonly Fault[] };

/** A refusal on its way to the caller. Thrown by endpoints, rendered by the app alone. */
export class ProblemError extends Error {
  readonly slug: ProblemSlug;
  readonly extra: Extra;
  readonly headers: Record<string, string>;

  constructor(slug: ProblemSlug, extra: Extra, headers: Record<string, string>) {
    super(slug);
    this.slug = slug;
    this.extra = extra;
    this.headers = headers;
  }
}

/** Makes a refusal; `extra` members stand at the top level of the answer. */
export const problem = (slug: ProblemSlug, extra: Extra = {}, headers: Record<string, string> = {}) =>
  new ProblemError(slug, extra, headers);

/** The members of a refusal. `instance` is the route's pattern, never an address with its secrets. */
export function problemBody(p: Pick<ProblemError, 'slug' | 'extra'>, instance: string, requestId: string) {
  const [status, title] = PROBLEMS[p.slug];
  const type = `urn:countersign:problem:${p.slug}`;
  return { type, title, status, ...p.extra, instance, request_id: requestId };
}

/** The answer for a refusal. */
export function problemResponse(p: ProblemError, instance: string, requestId: string): Response {
  const body = problemBody(p, instance, requestId);
  const { status } = body;
  const retry: Record<string, string> = status === 503 ? { 'retry-after': '5' } : {};
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      'content-type': 'application/problem+json',
      ...retry,
      ...p.headers,
      'x-request-id': requestId,
    },
  });
}
