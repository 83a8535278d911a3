// A whole broker inside the calling process, without files or HTTP, for tests that run thousands of schedules.
import { BrokerHost } from './broker-host.ts';
import { PAGE_LIMITS, type PageLimits } from './history-page.ts';

/**
 * Starts a broker in memory with its market's clock held at `nowMs` (UTC). `realNowMs` is the clock that signatures and
 * deadlines are judged by; left out, it follows the held clock. Requests go to `answerBridge(host.bridgeContext(), ...)`
 * and `answerControl(host, ...)`; a crash fault cuts the request and restarts the broker from what it had written.
 */
export function inMemoryBroker(options: {
  seed: number;
  nowMs: number;
  realNowMs?: () => number;
  page?: PageLimits;
}): BrokerHost {
  const { seed, nowMs, page = PAGE_LIMITS } = options;
  let host: BrokerHost | null = null;
  const followed = () => host?.engine.state.nowMs() ?? nowMs;
  host = new BrokerHost({ dir: null, seed, heldAtMs: nowMs, realNowMs: options.realNowMs ?? followed, page });
  return host;
}
