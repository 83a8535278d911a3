// Whoever calls Redis waits 250 ms and goes on without it. A test of what comes of its answers would then be about how busy the
// machine is, so it waits longer, and only where it is about a Redis that does not answer as long as the product does.
import { beforeEach, vi } from 'vitest';

const PATIENCE_MS = 30_000;

/** For every test of the file; `isPatient` says whether calls that begin now wait. */
export function waitForRedis(): { isPatient: boolean } {
  const given = { isPatient: true };
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  beforeEach(() => {
    given.isPatient = true;
    vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) =>
      timeout(given.isPatient ? Math.max(ms, PATIENCE_MS) : ms),
    );
  });
  return given;
}
