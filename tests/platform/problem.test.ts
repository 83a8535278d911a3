import { describe, expect, it } from 'vitest';
import {
  jsonPointer,
  ProblemError,
  type ProblemSlug,
  problem,
  problemResponse,
} from '../../functions/platform/problem.ts';

/** The contract's table of problems and their status. */
const STATUS: Record<ProblemSlug, number> = {
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  'duplicate-signal': 409,
  'idempotency-mismatch': 409,
  'already-decided': 409,
  'signal-not-open': 409,
  'consent-outdated': 409,
  'terms-changed': 409,
  conflict: 409,
  gone: 410,
  'payload-too-large': 413,
  'unsupported-media-type': 415,
  'invalid-json': 400,
  'invalid-body': 422,
  'invalid-query': 422,
  'account-required': 422,
  'rate-limited': 429,
  misconfigured: 503,
  unavailable: 503,
  internal: 500,
};
const slugs = Object.entries(STATUS) as [ProblemSlug, number][];

describe('a problem', () => {
  it.each(slugs)('%s answers %d as application/problem+json with every member', async (slug, status) => {
    const answer = problemResponse(problem(slug), '/api/v1/signals/{id}', 'request-1');
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('x-request-id')).toBe('request-1');
    expect(answer.headers.get('retry-after')).toBe(status === 503 ? '5' : null);
    const body = await answer.json();
    expect(body).toEqual({
      type: `urn:countersign:problem:${slug}`,
      title: expect.stringMatching(/^[A-Z]/),
      status,
      instance: '/api/v1/signals/{id}',
      request_id: 'request-1',
    });
  });

  it('carries its further members at the top level and its headers, and can rename none of the fixed ones', async () => {
    const p = problem(
      'duplicate-signal',
      { existing_id: 'a', duplicate_of: 'replay', instance: '/secret', request_id: 'other' },
      { 'retry-after': '7', 'x-request-id': 'other' },
    );
    const answer = problemResponse(p, '/api/v1/signals', 'request-1');
    expect(answer.headers.get('retry-after')).toBe('7');
    expect(answer.headers.get('x-request-id')).toBe('request-1');
    expect(await answer.json()).toMatchObject({
      existing_id: 'a',
      duplicate_of: 'replay',
      instance: '/api/v1/signals',
      request_id: 'request-1',
    });
  });

  it('is thrown as an error that names its slug alone', () => {
    const p = problem('invalid-body', { errors: [{ pointer: '/price', detail: 'secret' }] });
    expect(p).toBeInstanceOf(ProblemError);
    expect(p.message).toBe('invalid-body');
  });
});

describe('a JSON pointer', () => {
  it.each([
    [[], ''],
    [['a'], '/a'],
    [['a', 0, 'b'], '/a/0/b'],
    [[''], '/'],
    [['a/b', 'm~n', '~1'], '/a~1b/m~0n/~01'],
  ])('of %j is %j (RFC 6901)', (path, pointer) => {
    expect(jsonPointer(path)).toBe(pointer);
  });
});
