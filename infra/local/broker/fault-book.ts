// Faults on demand. Invariants: taking a fault and what it causes belong to one transaction, so none is lost or
// doubled; every use is counted for `GET /state`.
import type { FaultRecord } from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { retcodeNamed } from './retcodes.ts';

/** Faults of the connection and of the bridge program; they hit any envelope unless armed for one kind. */
export const TRANSPORT_FAULTS = [
  'timeout_before',
  'timeout_after',
  'drop',
  'duplicate',
  'garbage',
  'http_500',
  'bad_signature',
  'slow',
  'huge',
  'cut_reply',
  'reorder',
  'stale',
] as const;

/** Faults of the data in a snapshot; `failed:<section>` is a terminal that answered None. */
export const SNAPSHOT_FAULTS = ['empty_history', 'failed_history', 'torn', 'failed:*'] as const;

/** Faults inside the execution of a command; the last two kill the process. */
export const EXECUTION_FAULTS = [
  'requote',
  'partial_fill',
  'crash_after_intent',
  'crash_after_send',
] as const;

/** Sections of a snapshot that can fail. */
export const SECTIONS = ['account', 'positions', 'orders', 'deals', 'history_orders'] as const;

const SKEW = /^skew:-?\d{1,6}$/;
const SWITCH = /^switch:\d{1,20}$/;

/** Whether `kind` names a fault this broker can produce. */
export function isFaultKind(kind: string): boolean {
  const [name = '', detail = ''] = kind.split(':');
  if (name === 'reject' || name === 'acted') return retcodeNamed(detail) !== null;
  if (name === 'failed') return (SECTIONS as readonly string[]).includes(detail);
  if (SKEW.test(kind) || SWITCH.test(kind)) return true;
  const known: readonly string[] = [
    ...TRANSPORT_FAULTS,
    ...SNAPSHOT_FAULTS,
    ...EXECUTION_FAULTS,
    'disconnected',
  ];
  return !kind.includes('*') && known.includes(kind);
}

/** Arms a fault `times` times; times 0 disarms every fault of that kind and login. */
export function armFault(state: BrokerState, fault: Omit<FaultRecord, 'id'>): void {
  if (fault.times > 0) {
    const id = state.nextTicket('fault');
    state.put('fault', id, { ...fault, id });
    return;
  }
  for (const row of [...state.tables.fault.values()]) {
    if (row.kind === fault.kind && row.login === fault.login) state.put('fault', row.id, null);
  }
}

/**
 * Takes one use of the oldest armed fault that fits, or null. `kinds` may end in `*` (`reject:*`); `on` is the kind
 * of the envelope in hand and only limits faults that were armed for one kind.
 */
export function takeFault(
  state: BrokerState,
  wanted: { kinds: readonly string[]; login: string; on?: string | undefined },
): FaultRecord | null {
  const fits = (row: FaultRecord) =>
    wanted.kinds.some((kind) =>
      kind.endsWith('*') ? row.kind.startsWith(kind.slice(0, -1)) : kind === row.kind,
    ) &&
    (row.login === null || row.login === wanted.login) &&
    (row.on === null || row.on === wanted.on);
  const found = [...state.tables.fault.values()].find(fits);
  if (!found) return null;
  state.put('fault', found.id, found.times > 1 ? { ...found, times: found.times - 1 } : null);
  state.count(`fault:${found.kind}`);
  return found;
}
