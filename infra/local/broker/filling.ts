// Which way of filling an order may have, by execution and symbol (domain.md 1.3; 10030 where none fits).
import type { AccountRecord, Filling, OrderType, SymbolRecord } from './broker-records.ts';

/** How a symbol executes on an account: an exchange account trades everything by exchange execution. */
export function executionOf(account: AccountRecord, spec: SymbolRecord): SymbolRecord['execution'] {
  return account.margin_mode === 'exchange' ? 'exchange' : spec.execution;
}

/** Filling of a market order: as asked or, left out, what a terminal would take; null where it is not allowed. */
export function marketFilling(
  account: AccountRecord,
  spec: SymbolRecord,
  asked: Filling | undefined,
): Filling | null {
  // A hedging account has no exchange to wait at: the rest of a close would open an opposite position.
  const mayWait = executionOf(account, spec) === 'exchange' && account.margin_mode !== 'hedging';
  const allowed: Filling[] = spec.filling_modes.filter((one) => one === 'fok' || one === 'ioc');
  if (asked !== undefined) return (asked === 'return' && mayWait) || allowed.includes(asked) ? asked : null;
  if (mayWait) return 'return';
  return allowed.includes('ioc') ? 'ioc' : (allowed[0] ?? null);
}

/** Filling of a pending order: RETURN always, BOC for passive types only, the others where the symbol has them. */
export function pendingFilling(
  spec: SymbolRecord,
  type: OrderType,
  asked: Filling | undefined,
): Filling | null {
  if (asked === undefined || asked === 'return') return 'return';
  if (asked === 'boc' && !type.endsWith('_limit')) return null;
  return spec.filling_modes.includes(asked) ? asked : null;
}
