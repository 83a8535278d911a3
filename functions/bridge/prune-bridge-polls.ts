import type { Deps } from '../platform/deps.ts';
import { NONCE_KEPT_MS, pruneBridgePolls as prune } from './nonce-store.ts';

/** Scheduled: forgets nonces that no timestamp fits any more, and wishes for bars that nobody has answered. */
export const pruneBridgePolls = (deps: Deps): Promise<void> =>
  prune(deps.db, deps.clock.nowMs() - NONCE_KEPT_MS);
