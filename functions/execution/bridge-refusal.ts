/**
 * The reasons that a bridge gives in its own words (a slug of the protocol). Pure. Only a word of this list stands as the
 * reason of an order and of its signal: what a bridge says beyond it is somebody's free text, and is shown as such.
 */
import type { RequestKind, RetcodeClass } from './retcode-class.ts';

/** All words of the protocol. */
export const BRIDGE_WORDS = [
  // Nothing was sent, for what the terminal is or shows at that moment.
  ...(['disconnected', 'login_mismatch', 'server_mismatch', 'server_clock_disagrees', 'no_quote'] as const),
  ...(['unknown_symbol', 'journal_failed', 'spread_too_wide', 'price_outside_band'] as const),
  // For what became of the position or order that it was about.
  ...(['position_mismatch', 'position_gone', 'volume_above_position', 'side_does_not_close'] as const),
  'order_not_working' as const,
  // For what was asked.
  ...(['symbol_mismatch', 'comment_too_long', 'comment_not_ascii', 'volume_above_precondition'] as const),
  ...(['invalid_order', 'filling_not_allowed', 'expiration_not_allowed', 'magic_in_use'] as const),
  ...(['stale_attempt', 'expired_before_sending'] as const),
  // What is not known of an attempt that was sent.
  ...(['intent_without_result', 'evidence_unreadable', 'found_by_magic', 'found_by_state'] as const),
] as const;
export type BridgeWord = (typeof BRIDGE_WORDS)[number];
const KNOWN: ReadonlySet<string> = new Set(BRIDGE_WORDS);

/** The bridge's reason, where it is one of the protocol's; null for any other text. */
export const bridgeWord = (reason: string | null): BridgeWord | null =>
  reason !== null && KNOWN.has(reason) ? (reason as BridgeWord) : null;

/** A close, a cancellation or a stop: it only takes risk away, and is tried for as long as it may be. */
export const leaves = (kind: RequestKind): boolean =>
  kind === 'close' || kind === 'cancel' || kind === 'modify_sltp';

/** What an exit waits for and an entry does not: another account in the terminal, no quotes, a full disk. */
const WAITED_FOR: ReadonlySet<BridgeWord> = new Set<BridgeWord>([
  ...(['login_mismatch', 'server_mismatch', 'server_clock_disagrees', 'no_quote'] as const),
  ...(['unknown_symbol', 'journal_failed', 'expired_before_sending'] as const),
]);
/** What another look at the position shows: its new ticket, or how much of it is left. */
const LOOKED_AT: ReadonlySet<BridgeWord> = new Set<BridgeWord>([
  ...(['position_mismatch', 'position_gone', 'volume_above_position'] as const),
]);

/** What a refusal before sending, with this word or none, means for a request of this kind. */
export function refusalClass(word: BridgeWord | null, kind: RequestKind): RetcodeClass {
  if (word === 'disconnected') return 'retry-wait';
  // An earlier attempt is known to the journal, and a later one to nobody here.
  if (word === 'stale_attempt') return 'ambiguous';
  if (word === null || !leaves(kind)) return 'terminal';
  if (WAITED_FOR.has(word)) return 'retry-wait';
  return LOOKED_AT.has(word) ? 're-read' : 'terminal';
}
