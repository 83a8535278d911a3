import { createRoute, z } from '@hono/zod-openapi';
import { isLoopback, need } from '../platform/config.ts';
import { bearer, body, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { addressFault } from '../platform/outbound.ts';
import { problem } from '../platform/problem.ts';
import { seal } from '../platform/secret-box.ts';
import { auditEntry } from './audit-entry.ts';
import { type Bridge, insertBridge } from './bridge-store.ts';
import { requireCaller } from './caller.ts';
import { bridgeSchema, presentBridge } from './present-bridge.ts';
import { signingSecret } from './signing-secret.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/bridges',
  tags: ['identity'],
  summary: 'Register the program beside your MT5 terminal; its secret is shown once',
  security: bearer,
  middleware: requireCaller('trading:act'),
  request: {
    body: body(
      z.strictObject({
        name: z.string().trim().min(1).max(100),
        url: z.string().max(2000).optional().openapi({
          description: 'where it is called; without it the bridge polls: `POST /bridge/v1/sync`',
        }),
      }),
    ),
  },
  responses: {
    201: json(bridgeSchema.extend({ secret: z.string() }), 'The new bridge; `secret` is never shown again'),
    ...problems(400, 403, 409, 415, 422),
  },
});

/** `POST /api/v1/bridges`: each is called every minute, so that nobody may have any number of them. */
export const postBridge = endpoint(route, async (c) => {
  const { db, ids, clock, config } = c.var.deps;
  const { caller } = c.var;
  const { name, url = null } = c.req.valid('json');
  const fault = url === null ? null : addressFault(url, isLoopback(config.PUBLIC_BASE_URL));
  if (fault !== null) throw problem('invalid-body', { errors: [{ pointer: '/url', detail: fault }] });
  const bridge: Bridge = {
    id: ids.next(),
    ownerId: caller.userId,
    name,
    url,
    createdMs: clock.nowMs(),
    revoked: false,
  };
  const bytes = ids.randomBytes(32);
  const place = { table: 'bridge_secrets', row: bridge.id, version: 1 };
  const sealed = await seal(need(config, 'BRIDGE_KEYS'), place, bytes, ids.randomBytes(12));
  const audit = auditEntry(c, caller, {
    action: 'bridge.create',
    subjectKind: 'bridge',
    subjectId: bridge.id,
  });
  const most = config.BRIDGES_PER_USER;
  if (!(await insertBridge(db, bridge, { ...sealed, version: 1 }, most, audit)))
    throw problem('conflict', {
      detail: 'you have as many bridges as you may: revoke one, or have an admin raise your limit',
    });
  return c.json({ ...presentBridge(bridge), secret: signingSecret(bytes) }, 201);
});
