/**
 * `npm run owner -- --email ADDRESS`: makes the first owner of a deployment and prints one access token, once. Reads
 * DATABASE_URL, the runtime's own connection string (and DATABASE_HTTP_URL in the embedded stack).
 */
import { parseArgs } from 'node:util';
import { accessToken, accessTokenHash } from '../functions/identity/access-token.ts';
import { insertFirstOwner } from '../functions/identity/first-owner-store.ts';
import { SCOPES } from '../functions/identity/scope.ts';
import { systemClock } from '../functions/platform/clock.ts';
import { createDatabase } from '../functions/platform/database.ts';
import { createIds } from '../functions/platform/ids.ts';

const TOKEN_DAYS = 400;

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

const { values } = parseArgs({ options: { email: { type: 'string' } } });
const email = values.email?.toLowerCase() ?? '';
if (!/^[^@\s]+@[^@\s]+$/.test(email)) fail('usage: npm run owner -- --email ADDRESS');
const url = process.env['DATABASE_URL'];
if (url === undefined) fail('DATABASE_URL is missing: the connection string that the functions use');

const ids = createIds(systemClock);
const db = createDatabase({ url, httpUrl: process.env['DATABASE_HTTP_URL'], timeoutMs: 15_000 });
const token = accessToken(ids.randomBytes(32));
const tokenSha256 = await accessTokenHash(token);
if (tokenSha256 === null) fail('a new token does not have the form of one');
const owner = { id: ids.next(), email, tokenId: ids.next(), tokenSha256, scopes: SCOPES };
const made = await insertFirstOwner(db, owner, ids.next(), systemClock.nowMs(), TOKEN_DAYS);
if (!made) fail('this deployment has an owner, or the address is taken: ask an owner to add you');
console.log(token);
