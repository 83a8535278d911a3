/**
 * What an alert says, in each form that it leaves in. Any kind can be said: its title, then what its detail holds. Pure.
 */
import { isoTime } from '../platform/clock.ts';

/** Telegram's longest text, counted after its entities; ours is counted before, which is never less. */
export const TELEGRAM_MAX = 4096;
const MAX_VALUE = 200;
const MAX_LINES = 30;

export type AlertFacts = {
  id: string;
  kind: string;
  subjectKind: string;
  subjectId: string;
  detail: Record<string, unknown>;
  createdMs: number;
};

const TITLES: Readonly<Record<string, string>> = {
  'schedule-dead': 'The schedule has stopped: nothing is reconciled, expired or sent again',
  'bridge-silent': 'A bridge has been silent for more than five minutes: its account takes no entries',
  'account-mismatch': 'A terminal is logged in to another account than the one it was bound to',
  'entries-suspended':
    'The broker lets nothing be traded on an account: it was halted and waits for an owner or admin',
  'deployment-halted':
    'The whole deployment was halted: no account takes entries until an owner resumes it, closes go on',
  'epoch-behind':
    'Brokers of several users know orders that these books do not: no account takes entries until an owner raises the restore epoch',
  'epoch-suspected':
    'A broker shows an order that these books do not know: its account takes no entries until an owner raises the restore epoch or dismisses it',
  'close-delayed':
    'An approved close has not been carried out for five minutes: it is tried on, look at the account',
  'close-incomplete':
    'An approved close could not be carried out in full: what it was for still stands, close it by hand',
  'liquidation-waits':
    'A guard is closing everything, and a market is closed: nothing can be closed there until it opens',
  'liquidation-stuck':
    'A guard is closing everything, and the broker has refused one of its orders: it is tried on, close it by hand',
  'guard-warn-level':
    'An account has lost as much of its peak as its guard is to tell of: nothing is closed yet',
  'guard-warned':
    'A guard has seen a loss beyond its limit and closes everything in its scope soon: an owner may stop it',
  'guard-revoked': 'A guard takes its warning back: the account has recovered, nothing was closed',
  'guard-tripped': 'A guard is closing everything in its scope: the account takes no entries',
  'guard-flat': 'A guard has closed everything in its scope',
  'guard-rearmed': 'A guard watches again, from what its account is worth now',
  'guard-stopped': 'An owner has stopped the closing of an account: what stands there is left to its user',
  'guard-floor-disarmed':
    'A withdrawal took an account below its floor: the floor waits until it is reached again',
  'guard-shadow': 'A guard in shadow would have acted: nothing was done',
  'market-gap': 'A market has gapped: no entries are taken there for a while',
  divergence: 'Our books and a broker’s differ',
  'command-unknown': 'It is not known whether an order was executed: look at the account',
  'dead-event': 'Events were given up on after too many attempts',
  test: 'A test message: alerts arrive here',
};

/** Tokens and secrets in every form that we or Telegram give out, should one have strayed into a detail. */
const SECRET = /(cs_pat_|whsec_|Bearer\s+|\d{3,20}:)[A-Za-z0-9+/=_.-]{20,}/g;

const titleOf = (kind: string): string =>
  (Object.hasOwn(TITLES, kind) ? TITLES[kind] : undefined) ?? kind.replaceAll('-', ' ');

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // A line break or a change of direction in a name would show as a line of ours.
  const line = (text ?? '').replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
  return [...line.replaceAll(SECRET, '***')].slice(0, MAX_VALUE).join('');
}

const detailOf = (alert: AlertFacts): [name: string, value: string][] =>
  Object.entries(alert.detail)
    .slice(0, MAX_LINES)
    .map(([name, value]) => [shown(name), shown(value)]);

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/**
 * As a message of Telegram with `parse_mode` HTML, whose only special characters are escaped. `repeat`: an earlier one may
 * have arrived. Lines that no longer fit are left out whole, so that no entity is cut.
 */
export function telegramHtml(alert: AlertFacts, repeat: boolean): string {
  const lines = [
    `<b>${escaped(titleOf(alert.kind))}</b>`,
    ...detailOf(alert).map(
      ([name, value]) => `${escaped(name.replaceAll('_', ' '))}: <code>${escaped(value)}</code>`,
    ),
  ];
  const last = [
    isoTime(alert.createdMs),
    ...(repeat ? ['Sent again: it is not known whether it arrived the first time.'] : []),
  ];
  const room = TELEGRAM_MAX - last.join('\n').length - 1;
  let text = '';
  for (const line of lines) {
    if (text.length + line.length + 1 > room) break;
    text += `${line}\n`;
  }
  return text + last.join('\n');
}

/** As the body of a webhook: JSON of less than 20 kB. */
export const webhookBody = (alert: AlertFacts): string =>
  JSON.stringify({
    type: `alert.${alert.kind}`,
    timestamp: isoTime(alert.createdMs),
    data: {
      id: alert.id,
      title: titleOf(alert.kind),
      subject_kind: alert.subjectKind,
      subject_id: alert.subjectId,
      detail: Object.fromEntries(detailOf(alert)),
    },
  });
