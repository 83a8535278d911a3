/** How a route that reads its own bytes takes a JSON body, refusing it as every other route does. */
import { problem } from './problem.ts';
import { readBody } from './read-body.ts';
import { type JsonValue, parseStrictJson } from './strict-json.ts';

/**
 * The value of a request's body of at most `maxBytes`, nested at most `maxDepth` deep. Throws the problems of a wrong type
 * (415), of a body that is too large (413), of what is no JSON (400) and of JSON that hides something (422).
 */
export async function jsonBody(
  request: Request,
  { maxBytes, maxDepth }: { maxBytes: number; maxDepth: number },
): Promise<JsonValue> {
  if (!/^application\/json\s*(;|$)/i.test(request.headers.get('content-type') ?? ''))
    throw problem('unsupported-media-type');
  const bytes = await readBody(request, maxBytes);
  if (bytes === null) throw problem('payload-too-large', { detail: `at most ${maxBytes} bytes` });
  const parsed = parseStrictJson(bytes, maxDepth);
  if (parsed.kind === 'not-json') throw problem('invalid-json');
  if (parsed.kind === 'faults') throw problem('invalid-body', { errors: parsed.faults });
  return parsed.value;
}
