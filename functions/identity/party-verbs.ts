/**
 * `POST /{producers|bridges|alerts/destinations}/{id}/rotate` and `/revoke`: the same two endpoints for all kinds that have
 * a secret. Allowed to the party's owner and to whoever holds the scope `admin`.
 */
import { createRoute, z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { need } from '../platform/config.ts';
import { bearer, body, idParam, json, problems, timestamp, uuid } from '../platform/contract.ts';
import type { Database } from '../platform/database.ts';
import { endpoint } from '../platform/endpoint.ts';
import { isUuid } from '../platform/ids.ts';
import { problem } from '../platform/problem.ts';
import { seal } from '../platform/secret-box.ts';
import { auditEntry } from './audit-entry.ts';
import { type Caller, requireCaller } from './caller.ts';
import { ALERT_DESTINATION, BRIDGE, PRODUCER, type SigningParty } from './signing-party.ts';
import { type PartyRow, readParty, revokeParty, rotateSecret } from './signing-party-store.ts';
import { signingSecret } from './signing-secret.ts';

const DEFAULT_OVERLAP_SECONDS = 86_400;
const MAX_OVERLAP_SECONDS = 7 * 86_400;

/** How long the secret before the new one stays live, in seconds. */
export const overlapSeconds = z
  .number()
  .int()
  .min(0)
  .max(MAX_OVERLAP_SECONDS)
  .default(DEFAULT_OVERLAP_SECONDS);

/** The party, for its owner or a holder of `admin`. Throws 404 where there is none, 403 for anybody else. */
export async function partyFor(
  db: Database,
  party: SigningParty,
  id: string,
  caller: Caller,
): Promise<PartyRow> {
  const row = isUuid(id) ? await readParty(db, party, id) : null;
  if (row === null) throw problem('not-found');
  if (row.ownerId !== caller.userId && !caller.scopes.includes('admin')) throw problem('forbidden');
  return row;
}

const rotateRoute = (party: SigningParty) =>
  createRoute({
    method: 'post',
    path: `${party.path}/{id}/rotate`,
    tags: ['identity'],
    summary: `A new secret for a ${party.kind}, shown once; the old one lives on for the overlap`,
    security: bearer,
    middleware: requireCaller(party.scope),
    request: {
      params: idParam,
      body: body(z.strictObject({ overlap_seconds: overlapSeconds })),
    },
    responses: {
      201: json(
        z.object({ id: uuid, version: z.number().int(), secret: z.string(), old_expires_at: timestamp }),
        'The new secret; it is never shown again',
      ),
      ...problems(400, 403, 404, 409, 415, 422),
    },
  });

const rotate = (party: SigningParty) =>
  endpoint(rotateRoute(party), async (c) => {
    const { db, ids, clock, config } = c.var.deps;
    const row = await partyFor(db, party, c.req.valid('param').id, c.var.caller);
    if (row.revoked) throw problem('conflict', { detail: `the ${party.kind} is revoked` });
    if (row.lastVersion === 0) throw problem('conflict', { detail: `this ${party.kind} has no secret` });
    const version = row.lastVersion + 1;
    const bytes = ids.randomBytes(32);
    const place = { table: party.secretsTable, row: row.id, version };
    const sealed = await seal(need(config, party.ring), place, bytes, ids.randomBytes(12));
    const oldEndsMs = clock.nowMs() + c.req.valid('json').overlap_seconds * 1000;
    const audit = auditEntry(c, c.var.caller, {
      action: `${party.kind}.rotate`,
      subjectKind: party.kind,
      subjectId: row.id,
      detail: { version },
    });
    if (!(await rotateSecret(db, party, row.id, { ...sealed, version }, oldEndsMs, audit)))
      throw problem('conflict', { detail: 'it was rotated or revoked at this moment: look, and try again' });
    const secret = signingSecret(bytes);
    return c.json({ id: row.id, version, secret, old_expires_at: isoTime(oldEndsMs) }, 201);
  });

const revokeRoute = (party: SigningParty) =>
  createRoute({
    method: 'post',
    path: `${party.path}/{id}/revoke`,
    tags: ['identity'],
    summary: `Revoke a ${party.kind}, at once and for ever`,
    security: bearer,
    middleware: requireCaller(party.scope),
    request: { params: idParam },
    responses: {
      200: json(z.object({ id: uuid, revoked: z.literal(true) }), 'Revoked; again is the same'),
      ...problems(403, 404),
    },
  });

const revoke = (party: SigningParty) =>
  endpoint(revokeRoute(party), async (c) => {
    const { db } = c.var.deps;
    const row = await partyFor(db, party, c.req.valid('param').id, c.var.caller);
    const audit = auditEntry(c, c.var.caller, {
      action: `${party.kind}.revoke`,
      subjectKind: party.kind,
      subjectId: row.id,
    });
    await revokeParty(db, party, row.id, audit);
    return c.json({ id: row.id, revoked: true as const }, 200);
  });

export const rotateProducer = rotate(PRODUCER);
export const revokeProducer = revoke(PRODUCER);
export const rotateBridge = rotate(BRIDGE);
export const revokeBridge = revoke(BRIDGE);
export const rotateAlertDestination = rotate(ALERT_DESTINATION);
export const revokeAlertDestination = revoke(ALERT_DESTINATION);
