// The guards' own timer: each account whose guard was told something is looked at every two seconds, whoever else is heard.
// Invariant: one that a test steps by hand is left to it.
import { guardLook } from './bridge-guard.ts';
import { BrokerCrash } from './broker-crash.ts';
import type { BrokerHost } from './broker-host.ts';

const LOOK_MS = 2_000;

export class GuardRounds {
  readonly #timer: NodeJS.Timeout;

  /** `hurry` is told of an account whose bridge should be heard at once. */
  constructor(host: BrokerHost, hurry: (login: string) => void) {
    this.#timer = setInterval(() => {
      for (const login of host.bridgeContext().guards.logins())
        if (isDue(host, login)) look(host, login, hurry);
    }, LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** Where nothing stands and nothing goes on there is nothing to judge. */
function isDue(host: BrokerHost, login: string): boolean {
  const { phase, order } = host.bridgeContext().guards.state(login);
  const { state } = host.engine;
  const isBusy = state.positionsOf(login).length + state.ordersOf(login).length > 0;
  return !host.steppedGuards.has(login) && (isBusy || phase !== 'idle' || order?.close != null);
}

function look(host: BrokerHost, login: string, hurry: (login: string) => void): void {
  try {
    if (guardLook(host.bridgeContext(), login, host.realNowMs()).is_urgent) hurry(login);
  } catch (cause) {
    // The death of the process, which has already begun anew; its journal is what it goes on by.
    if (!(cause instanceof BrokerCrash))
      console.error(JSON.stringify({ event: 'guard_error', login, error: String(cause) }));
  }
}
