/**
 * Whether the ledger adds up to what the broker says there is, and whether everything in it has a name of ours. Pure.
 */
import { bookedBy } from '../ledger/booked-sums.ts';
import { Big, plain } from '../platform/decimal.ts';
import type { Divergence } from './divergence-code.ts';
import type { Compared } from './divergences.ts';

/** Two decimals of the account's currency; what is smaller nobody books. */
const TOLERANCE = new Big('0.01');

/** The balance of the books, with what the snapshot told, against the broker's, once all of its history was seen. */
export function equityGap({ books, newDeals, snapshot, state, whole }: Compared): Divergence[] {
  if (!whole || books.ledgerBalance === null) return [];
  const { booked, credited } = bookedBy(state.deals, newDeals);
  const ledger = new Big(books.ledgerBalance).plus(booked).minus(credited);
  const gap = new Big(snapshot.account.balance).minus(ledger);
  if (gap.abs().lte(TOLERANCE)) return [];
  const evidence = {
    ...{ at_broker: plain(snapshot.account.balance), in_ledger: plain(ledger), gap: plain(gap) },
  };
  return [{ code: 'EQUITY_GAP', brokerKey: 'balance', evidence }];
}

/**
 * Symbols of open positions and working orders whose name holds one of our instruments and is not the name that the account
 * maps to it: somebody has to say whether `XAUUSD.m` is `XAUUSD`.
 */
export function unmappedSymbols({ books, snapshot, whole }: Compared): Divergence[] {
  if (!whole) return [];
  const names = new Set(Object.values(books.instruments));
  const shown = new Set([...snapshot.positions, ...snapshot.orders].map((row) => row.symbol));
  return [...shown]
    .filter((symbol) => !names.has(symbol))
    .flatMap((symbol) => {
      const like = Object.keys(books.instruments).find((instrument) => symbol.includes(instrument));
      return like === undefined
        ? []
        : [{ code: 'SYMBOL_UNMAPPED' as const, brokerKey: symbol, evidence: { symbol, like } }];
    });
}
