// What the contract knows of the thing under test: HTTP, dev.json, the database to look into, and its schedule.
import type { DevFile } from '../../infra/local/stack.ts';

/** One request as it goes on the wire. `target` is path and query as sent; `address` is where it comes from. */
export type Ask = {
  method?: string;
  target: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Sends the body without a Content-Length. */
  chunked?: boolean;
  address?: string;
};

/** The caller's address where an ask names none. */
export const DEFAULT_ADDRESS = '203.0.113.7';

export type Runtime = {
  name: string;
  call(ask: Ask): Promise<Response>;
  dev: DevFile;
  /** What the deployment multiplies every rate limit by. */
  rateScale: number;
  /** The deployment's JWT_KEYS, one key, so that a test can sign what nobody should take. */
  jwtKeys: string;
  /** The deployment's SIGNALS_HMAC_KEY. */
  signalsHmacKey: string;
  /** Looks into the database as the runtime's own role. */
  query(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** Runs the schedule once, whatever minute it is. */
  tick(): Promise<void>;
  stop(): Promise<void>;
};
