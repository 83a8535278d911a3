/**
 * `npm run jwt:keys -- --kid ID`: prints JWT_KEYS with a new Ed25519 key in front of those in the environment's JWT_KEYS,
 * and JWT_PUBLIC_KEYS, the public halves of them all, for duties that verify only. Without --kid no key is added.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { parseArgs } from 'node:util';
import { parseJwtRing } from '../functions/platform/jwt-ring.ts';

const base64 = (key: KeyObject): string =>
  key.export({ format: 'der', type: key.type === 'private' ? 'pkcs8' : 'spki' }).toString('base64');

/** Both rings, the new key first. Throws, without a value, where the given ring or the result is none. */
export function jwtRings(given: string, kid: string | undefined): { private: string; public: string } {
  const known = given === '' ? [] : given.split(',').map((part) => part.trim());
  const added = kid === undefined ? [] : [`${kid}:${base64(generateKeyPairSync('ed25519').privateKey)}`];
  const ring = [...added, ...known].join(',');
  if (parseJwtRing(ring, 'private') === null)
    throw new Error(
      'JWT_KEYS is no ring of private keys, or the kid is taken, or has other than a-z, 0-9 and -',
    );
  return { private: ring, public: ring.replaceAll(/:([A-Za-z0-9+/=]+)/g, (_, der) => `:${publicHalf(der)}`) };
}

const publicHalf = (der: string): string =>
  base64(
    createPublicKey(createPrivateKey({ key: Buffer.from(der, 'base64'), format: 'der', type: 'pkcs8' })),
  );

if (import.meta.main) {
  const { values } = parseArgs({ options: { kid: { type: 'string' } } });
  try {
    const rings = jwtRings(process.env['JWT_KEYS'] ?? '', values.kid);
    console.log(`JWT_KEYS=${rings.private}\nJWT_PUBLIC_KEYS=${rings.public}`);
  } catch (e) {
    console.error(e instanceof Error ? e.message : 'failed');
    process.exit(1);
  }
}
