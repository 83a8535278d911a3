import { describe, expect, it } from 'vitest';
import { jsonBody } from '../../functions/platform/json-body.ts';
import { ProblemError } from '../../functions/platform/problem.ts';

const LIMITS = { maxBytes: 100, maxDepth: 3 };
const request = (body: string, type: string | null = 'application/json') =>
  new Request('http://x.example/', {
    method: 'POST',
    body,
    headers: type === null ? { 'content-type': '' } : { 'content-type': type },
  });
const answered = async (asked: Request): Promise<string> =>
  jsonBody(asked, LIMITS).then(
    () => 'taken',
    (e) => (e instanceof ProblemError ? e.slug : 'thrown'),
  );

describe('a JSON body', () => {
  it('is its value', async () => {
    expect(await jsonBody(request('{"a":[1,"x"]}', 'application/json; charset=utf-8'), LIMITS)).toEqual({
      a: [1, 'x'],
    });
  });

  it.each<[string, string, string | null, string]>([
    ['of another type', '{}', 'text/plain', 'unsupported-media-type'],
    ['of no type', '{}', null, 'unsupported-media-type'],
    ['of a type that only begins so', '{}', 'application/jsonp', 'unsupported-media-type'],
    ['that is too large', JSON.stringify('x'.repeat(100)), 'application/json', 'payload-too-large'],
    ['that is no JSON', '{', 'application/json', 'invalid-json'],
    ['that hides something', '{"a":1,"a":2}', 'application/json', 'invalid-body'],
    ['that is too deep', '[[[[]]]]', 'application/json', 'invalid-body'],
  ])('is refused %s', async (_, body, type, want) => {
    expect(await answered(request(body, type))).toBe(want);
  });
});
