import { fromBase64, toBase64 } from '../platform/encoding.ts';

/** A signing secret as it is shown once: `whsec_` and the base64 of its bytes (Standard Webhooks' form). */
export const signingSecret = (bytes: Uint8Array): string => `whsec_${toBase64(bytes)}`;

/** The bytes of a secret in that form; null where it is not one. */
export const signingSecretBytes = (text: string): Uint8Array<ArrayBuffer> | null =>
  text.startsWith('whsec_') ? fromBase64(text.slice('whsec_'.length)) : null;
