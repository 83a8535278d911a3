import { type CounterFamily, FLUSHED } from '../platform/metric-family.ts';

/** `ok`, or the word of the reply that never came; `circuit-open` and `polled` are calls that were not made. */
export const MT5_CONNECT: CounterFamily = {
  kind: 'counter',
  name: 'mt5_connect_total',
  help: `Calls to bridges, by what came of them; ok: a signed reply of the protocol. ${FLUSHED}`,
  labels: {
    result: [
      ...['ok', 'unregistered', 'blocked', 'unreachable', 'timeout'],
      ...['too-large', 'refused', 'unsigned', 'malformed', 'circuit-open', 'polled'],
    ],
  },
};
