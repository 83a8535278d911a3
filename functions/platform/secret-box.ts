/**
 * Secrets at rest: AES-256-GCM with a random 96-bit IV, the key named by its id, and the ciphertext bound by its
 * associated data to table, row and version, so that a row copied over another one does not open.
 */
import type { RingKey } from './config.ts';
import { fromBase64, toBase64, utf8 } from './encoding.ts';

export type Sealed = { keyId: string; iv: string; ciphertext: string };
/** Where the secret is stored: table, row id and version. */
export type SecretPlace = { table: string; row: string; version: number };

const binding = (place: SecretPlace) => utf8(`${place.table}|${place.row}|${place.version}`);

const aesKey = (key: RingKey, use: 'encrypt' | 'decrypt') =>
  crypto.subtle.importKey('raw', key.bytes, 'AES-GCM', false, [use]);

/** Seals with the ring's first key. `iv` must be 12 fresh random bytes. */
export async function seal(
  ring: readonly RingKey[],
  place: SecretPlace,
  secret: Uint8Array<ArrayBuffer>,
  iv: Uint8Array<ArrayBuffer>,
): Promise<Sealed> {
  const key = ring[0];
  if (key === undefined) throw new Error('the key ring is empty');
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv, additionalData: binding(place) },
    await aesKey(key, 'encrypt'),
    secret,
  );
  return { keyId: key.id, iv: toBase64(iv), ciphertext: toBase64(sealed) };
}

/** Opens; null where the key is unknown or the row was changed or moved. */
export async function open(
  ring: readonly RingKey[],
  place: SecretPlace,
  sealed: Sealed,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const key = ring.find((k) => k.id === sealed.keyId);
  const iv = fromBase64(sealed.iv);
  const ciphertext = fromBase64(sealed.ciphertext);
  if (key === undefined || iv === null || ciphertext === null) return null;
  try {
    return new Uint8Array(
      await crypto.subtle.decrypt(
        { name: 'AES-GCM', iv, additionalData: binding(place) },
        await aesKey(key, 'decrypt'),
        ciphertext,
      ),
    );
  } catch {
    return null;
  }
}
