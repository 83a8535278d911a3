import { accessToken, accessTokenHash } from '../../functions/identity/access-token.ts';
import type { Scope } from '../../functions/identity/scope.ts';
import { insertToken } from '../../functions/identity/token-store.ts';
import { callApp } from './app-call.ts';
import { auditOf, type Stage } from './organisation.ts';

/** Asks the whole application as a user with a token of these scopes; a body makes it JSON. */
export type Asking = (method: string, path: string, body?: unknown) => Promise<Response>;

/** A token of a user, valid for a day, and the calls that it opens. */
export async function askingAs(stage: Stage, userId: string, scopes: readonly Scope[]): Promise<Asking> {
  const { deps } = stage;
  const bearer = accessToken(deps.ids.randomBytes(32));
  const [id, createdMs] = [deps.ids.next(), deps.clock.nowMs()];
  const sha256 = (await accessTokenHash(bearer)) ?? '';
  const token = {
    ...{ id, userId, name: 'one', scopes: [...scopes], sha256, createdBy: userId },
    ...{ createdMs, expiresMs: createdMs + 86_400_000 },
  };
  await insertToken(deps.db, token, auditOf(deps, id));
  return (method, path, body) =>
    callApp(deps, path, {
      method,
      headers: {
        authorization: `Bearer ${bearer}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
}
