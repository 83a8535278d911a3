import type { Deps } from '../platform/deps.ts';
import { thinEquityPoints } from './equity-point-store.ts';

/** Scheduled: of old equity points only what an hour began and ended with and its extremes stay. */
export const pruneEquityPoints = (deps: Deps): Promise<void> => thinEquityPoints(deps.db, deps.clock.nowMs());
