/**
 * The divergences by name (domain 2.5): what is done about each, how long it lasts, and who hears of it. Pure. Invariants:
 *  1. a row is one divergence of one account: its code and what it is about (`brokerKey`), which for an event names the fact,
 *     so that a repeat of the fact is the same row and the same id;
 *  2. a state stands as long as it is seen: once a sound snapshot does not show it any more it is settled, and where it comes
 *     again the same row opens anew, from then on. A person's word on it holds for as long as it goes on standing;
 *  3. an event has happened: as a notice it is noted at once, and for a person it waits until one has dealt with it.
 */
import { derivedId } from '../platform/ids.ts';

export type DivergencePolicy = 'notice' | 'automatic' | 'person';
export type DivergenceRule = {
  policy: DivergencePolicy;
  kind: 'state' | 'event';
  /** `at-once`: a person hears of it when it is found; `lasting`: when it has stood for `INCIDENT_AFTER_MS`. */
  alert: 'at-once' | 'lasting' | 'none';
};

/** What we settle ourselves, and stands for longer, is an incident. */
export const INCIDENT_AFTER_MS = 10 * 60_000;
/** A terminal that shows nothing sound for longer is one (domain 2.5: entries are suspended by then). */
export const BLIND_AFTER_MS = 5 * 60_000;

const rule = (
  policy: DivergencePolicy,
  kind: DivergenceRule['kind'],
  alert: DivergenceRule['alert'] = 'none',
): DivergenceRule => ({ policy, kind, alert });
const notice = rule('notice', 'event');

export const DIVERGENCE_RULES = {
  EXTERNAL_POSITION: rule('person', 'state'),
  ORPHAN_OWN: rule('person', 'state', 'at-once'),
  DUPLICATE_EXECUTION: rule('automatic', 'state', 'at-once'),
  FILL_DISCOVERED: notice,
  PARTIAL_FILL: notice,
  CLOSED_AT_BROKER: notice,
  MISSING_NO_DEALS: rule('automatic', 'state', 'lasting'),
  PARTIAL_CLOSE: notice,
  VOLUME_GAP: rule('automatic', 'state', 'lasting'),
  CLOSE_BY: notice,
  REVERSAL: notice,
  DIRECTION_MISMATCH: rule('person', 'state', 'at-once'),
  ENTRY_SLIPPAGE: notice,
  SLTP_CHANGED: notice,
  SLTP_MISSING_AFTER_FILL: rule('automatic', 'state', 'lasting'),
  PENDING_EXPIRED: notice,
  PENDING_CANCELED_EXTERNAL: notice,
  PENDING_REJECTED: notice,
  PENDING_MODIFIED: notice,
  LATE_PENDING: rule('automatic', 'state', 'lasting'),
  UNKNOWN_RESOLVED_DONE: notice,
  UNKNOWN_RESOLVED_NOT_EXECUTED: notice,
  COST_ADJUSTMENT: notice,
  CASHFLOW: notice,
  DEAL_CANCELED: notice,
  STOP_OUT: rule('person', 'event', 'at-once'),
  TICKET_CHANGED: notice,
  ID_REOPENED: notice,
  EQUITY_GAP: rule('automatic', 'state', 'lasting'),
  /** Told by the contact's own alert (`contact-store.ts`). */
  ACCOUNT_MISMATCH: rule('person', 'state'),
  SYMBOL_UNMAPPED: rule('person', 'state'),
  SNAPSHOT_STALE: rule('automatic', 'state', 'lasting'),
  SNAPSHOT_INCOMPLETE: rule('automatic', 'state', 'lasting'),
  SNAPSHOT_TORN: rule('automatic', 'state', 'lasting'),
  SNAPSHOT_OUT_OF_ORDER: rule('automatic', 'state', 'lasting'),
  CLOCK_OFFSET: rule('automatic', 'state', 'lasting'),
} as const satisfies Record<string, DivergenceRule>;

export type DivergenceCode = keyof typeof DIVERGENCE_RULES;
export const DIVERGENCE_CODES = Object.keys(DIVERGENCE_RULES) as DivergenceCode[];
/** Its rule. */
export const ruleOf = (code: DivergenceCode): DivergenceRule => DIVERGENCE_RULES[code];

/** Codes of what stands until it is gone. */
export const STATE_CODES = DIVERGENCE_CODES.filter((code) => ruleOf(code).kind === 'state');

export type Divergence = {
  code: DivergenceCode;
  brokerKey: string;
  evidence: Record<string, string>;
  /** Where this one is graver than its code: it waits for a person, who hears of it. */
  grave?: true;
  /** The signal that it turned out to be of: it is that one's from now on. */
  adoptedBy?: string;
  /** It was over before it was seen: nobody can do anything about it any more. */
  past?: boolean;
};

/** Its name within an account. */
export const nameOf = ({ code, brokerKey }: { code: string; brokerKey: string }): string =>
  `${code}/${brokerKey}`;

/** What is done about this one. */
export const policyOf = ({ code, grave }: Divergence): DivergencePolicy =>
  grave ? 'person' : ruleOf(code).policy;

/** Whether it is noted and needs nothing more. */
export const isNoted = (d: Divergence): boolean =>
  d.past === true || (ruleOf(d.code).kind === 'event' && policyOf(d) === 'notice');

/**
 * How long it stands, in ms, until a person hears of it; null: nobody does. That it is said once is the alert's own key.
 */
export function alarmAfterMs({ code, grave }: Divergence): number | null {
  const { alert } = ruleOf(code);
  if (grave || alert === 'at-once') return 0;
  if (alert === 'none') return null;
  return isBlind(code) ? BLIND_AFTER_MS : INCIDENT_AFTER_MS;
}

/** Of a snapshot that changed nothing. */
const isBlind = (code: DivergenceCode): boolean => code.startsWith('SNAPSHOT_') || code === 'CLOCK_OFFSET';

/** The event of the alert that is raised where a divergence opens at `nowMs` and somebody hears of it at once. */
export const alertEventId = (accountId: string, d: Divergence, nowMs: number): string =>
  derivedId(accountId, `alert ${nameOf(d)} ${nowMs}`);
