import { v5, v7 } from 'uuid';
import type { Clock } from './clock.ts';

/** Source of identifiers and randomness, injected as the clock is. */
export type Ids = {
  /** A UUIDv7: sorted by time of making, made and stored before anything is sent. */
  next(): string;
  /** `count` random bytes from the runtime's cryptographic generator. */
  randomBytes(count: number): Uint8Array<ArrayBuffer>;
};

/** Ids from the runtime's random generator and the given clock. */
export function createIds(clock: Clock): Ids {
  return {
    next: () => v7({ msecs: clock.nowMs() }),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  };
}

/**
 * A UUIDv5 (RFC 9562): the same namespace and name give the same id, so that a projection which is rebuilt, or an
 * event that is found twice, collides instead of doubling.
 */
export const derivedId = (namespace: string, name: string): string => v5(name, namespace);

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether the text is a UUID in its canonical lower-case form. Anything else can name no row of ours. */
export const isUuid = (text: string): boolean => UUID.test(text);
