/** What a snapshot that changed nothing is called among the divergences (domain 2.2 and 2.5). Pure. */
import type { Divergence, DivergenceCode } from './divergence-code.ts';

const CODES: Readonly<Record<string, DivergenceCode>> = {
  'account-mismatch': 'ACCOUNT_MISMATCH',
  'bound-elsewhere': 'ACCOUNT_MISMATCH',
  'snapshot-stale': 'SNAPSHOT_STALE',
  // What a terminal shows that is cut off is as old as that.
  'terminal-disconnected': 'SNAPSHOT_STALE',
  'snapshot-incomplete': 'SNAPSHOT_INCOMPLETE',
  'snapshot-torn': 'SNAPSHOT_TORN',
  'snapshot-out-of-order': 'SNAPSHOT_OUT_OF_ORDER',
  'clock-offset': 'CLOCK_OFFSET',
};

/** The divergence that an outcome of a run is; none where no snapshot came, which the contact tells. */
export function gateDivergence(outcome: string): Divergence[] {
  const code = CODES[outcome];
  return code === undefined ? [] : [{ code, brokerKey: 'snapshot', evidence: { outcome } }];
}
