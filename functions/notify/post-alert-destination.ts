import { createRoute, z } from '@hono/zod-openapi';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller } from '../identity/caller.ts';
import { signingSecret } from '../identity/signing-secret.ts';
import { isLoopback, need } from '../platform/config.ts';
import { bearer, body, json, problems, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { addressFault } from '../platform/outbound.ts';
import { problem } from '../platform/problem.ts';
import { seal } from '../platform/secret-box.ts';
import { insertDestination, type StoredDestination } from './destination-store.ts';
import { alertDestinationSchema, presentAlertDestination } from './present-alert-destination.ts';

const common = {
  name: z.string().trim().min(1).max(100),
  user_id: uuid.nullable().default(null).openapi({ description: 'whose alerts; null: all of them' }),
};
const wanted = z.discriminatedUnion('channel', [
  z.strictObject({
    channel: z.literal('telegram'),
    chat_id: z.string().regex(/^(-?\d{1,20}|@[A-Za-z]\w{3,31})$/, 'must be a chat’s number or @name'),
    ...common,
  }),
  z.strictObject({ channel: z.literal('webhook'), url: z.string().max(2000), ...common }),
]);

const route = createRoute({
  method: 'post',
  path: '/api/v1/alerts/destinations',
  tags: ['alerts'],
  summary: 'Add a place that alerts go to; a webhook’s secret is shown once (owner and admin)',
  security: bearer,
  middleware: requireCaller('admin'),
  request: { body: body(wanted) },
  responses: {
    201: json(
      alertDestinationSchema.extend({ secret: z.string().optional() }),
      'The destination; `secret`, with which a webhook is signed, is never shown again',
    ),
    ...problems(400, 403, 415, 422),
  },
});

const fault = (pointer: string, detail: string) => problem('invalid-body', { errors: [{ pointer, detail }] });

/** `POST /api/v1/alerts/destinations` */
export const postAlertDestination = endpoint(route, async (c) => {
  const { db, ids, clock, config } = c.var.deps;
  const given = c.req.valid('json');
  const destination: StoredDestination = {
    ...{ id: ids.next(), ownerId: c.var.caller.userId, userId: given.user_id, channel: given.channel },
    ...{ name: given.name, address: given.channel === 'telegram' ? given.chat_id : given.url },
    ...{ createdMs: clock.nowMs(), revoked: false },
  };
  if (given.channel === 'telegram' && config.TELEGRAM_BOT_TOKEN === undefined)
    throw fault('/channel', 'this deployment has no bot');
  const wrong =
    given.channel === 'webhook' ? addressFault(given.url, isLoopback(config.PUBLIC_BASE_URL)) : null;
  if (wrong !== null) throw fault('/url', wrong);
  const bytes = given.channel === 'webhook' ? ids.randomBytes(32) : null;
  const place = { table: 'alert_destination_secrets', row: destination.id, version: 1 };
  const sealed = bytes && (await seal(need(config, 'ALERT_KEYS'), place, bytes, ids.randomBytes(12)));
  const audit = auditEntry(c, c.var.caller, {
    ...{ action: 'alert-destination.create', subjectKind: 'alert-destination', subjectId: destination.id },
    detail: { channel: given.channel, user_id: given.user_id },
  });
  const made = await insertDestination(db, destination, sealed && { ...sealed, version: 1 }, audit);
  if (!made) throw fault('/user_id', 'is no user');
  const secret = bytes === null ? {} : { secret: signingSecret(bytes) };
  return c.json({ ...presentAlertDestination(destination), ...secret }, 201);
});
