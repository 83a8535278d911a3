import { createRoute } from '@hono/zod-openapi';
import { MT5_CONNECT } from '../bridge/bridge-metrics.ts';
import { proveBridge } from '../bridge/bridge-proof.ts';
import { type SyncRequest, syncReply, syncRequest } from '../bridge/sync-protocol.ts';
import { body, json, problems } from '../platform/contract.ts';
import { type AppContext, rawEndpoint } from '../platform/endpoint.ts';
import { jsonPointer, problem } from '../platform/problem.ts';
import { readBody } from '../platform/read-body.ts';
import { parseStrictJson } from '../platform/strict-json.ts';
import { takeSync } from './take-sync.ts';

/** As much as the reply of a bridge that is called. */
const MAX_BYTES = 4 * 1024 * 1024;
/** The deepest member is a row's in a list of a reply in a list. */
const MAX_DEPTH = 12;
const MAX_FAULTS = 20;

const route = createRoute({
  method: 'post',
  path: '/bridge/v1/sync',
  tags: ['bridge'],
  summary: 'For a bridge without an address: bring a snapshot and what came of requests, fetch what is next',
  description:
    'Signed natively with the key `from-bridge`, with a nonce; the answer, a refusal too, is signed with `to-bridge` over ' +
    'this request, and one that is not must be taken for none. Results are brought until an answer came; bringing them ' +
    'again is harmless. What is handed out is in its own journal before it is carried out, and is never handed out again.',
  security: [{ bridge: [] }],
  request: { body: body(syncRequest) },
  responses: {
    200: json(syncReply, 'When to come again, and what to carry out until then, in this order'),
    ...problems(400, 403, 413, 415, 422),
  },
});

/** `POST /bridge/v1/sync` */
export const postBridgeSync = rawEndpoint(route, async (c) => {
  const bytes = await readBody(c.req.raw, MAX_BYTES);
  if (bytes === null) throw problem('payload-too-large', { detail: `at most ${MAX_BYTES} bytes` });
  const { bridge, reply } = await proveBridge(c, bytes);
  return reply(async () => {
    if (bridge.url !== null)
      throw problem('forbidden', { detail: 'this bridge has an address, and is called there' });
    const request = readRequest(c, bytes);
    c.var.deps.metrics.count(MT5_CONNECT, ['ok']);
    return takeSync(c.var.deps, bridge.id, request);
  });
});

function readRequest(c: AppContext, bytes: Uint8Array<ArrayBuffer>): SyncRequest {
  if (!/^application\/json\s*(;|$)/i.test(c.req.header('content-type') ?? ''))
    throw problem('unsupported-media-type');
  // What somebody wrote beside a deal must not hide the account; the schema cleans it.
  const parsed = parseStrictJson(bytes, MAX_DEPTH, { anyText: true });
  if (parsed.kind === 'not-json') throw problem('invalid-json');
  if (parsed.kind === 'faults') throw problem('invalid-body', { errors: parsed.faults.slice(0, MAX_FAULTS) });
  const read = syncRequest.safeParse(parsed.value);
  if (read.success) return read.data;
  const errors = read.error.issues
    .slice(0, MAX_FAULTS)
    .map((i) => ({ pointer: jsonPointer(i.path), detail: i.message }));
  throw problem('invalid-body', { errors });
}
