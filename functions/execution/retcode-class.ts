/**
 * What a trade server's return code says of the request it answers, in eight classes (domain 1.4; MQL5
 * ENUM_TRADE_RETCODE). A number that is not in this table is ambiguous: a code of tomorrow may mean that it was done. Pure.
 */

/** What a request wanted. */
export type RequestKind = 'open' | 'place' | 'close' | 'cancel' | 'modify_sltp';
export type RetcodeClass =
  /** The server acted. That is not yet a fill: deals are collected by the reconciliation. */
  | 'ok'
  /** Not executed for its price: a new quote, a few times, inside the deadline and the approved band. */
  | 'retry-price'
  /** Not executed for now: again after growing pauses. */
  | 'retry-wait'
  /** What it was about has changed: look, then decide. */
  | 're-read'
  /** What it wanted stands already: as good as done. */
  | 'already'
  /** Nothing is traded on this account until somebody changes that: no entries, and a person hears of it. */
  | 'pause'
  /** Refused for good. */
  | 'terminal'
  /** Nobody can say whether it was executed: looked up, never sent again. */
  | 'ambiguous';

/** The market is closed. */
export const MARKET_CLOSED = 10018;

const CLASSES: Readonly<Partial<Record<RetcodeClass, readonly number[]>>> = {
  ok: [10008, 10009, 10010],
  'retry-price': [10004, 10020, 10021],
  'retry-wait': [10024, 10028, 10029],
  're-read': [10023, 10039, 10041],
  pause: [10017, 10026, 10027, 10044],
  terminal: [
    ...[10006, 10007, 10013, 10014, 10015, 10016, 10019, 10022, 10030, 10032, 10033, 10034],
    ...[10040, 10042, 10043, 10045, 10046],
  ],
  ambiguous: [10011, 10012, 10031],
};
const BY_CODE: ReadonlyMap<number, RetcodeClass> = new Map(
  Object.entries(CLASSES).flatMap(([name, codes]) => codes.map((code) => [code, name as RetcodeClass])),
);

/** Codes whose meaning depends on the request: the class for some kinds, and for all others. */
const BY_KIND: Readonly<
  Record<number, Partial<Record<RequestKind, RetcodeClass>> & { otherwise: RetcodeClass }>
> = {
  // A closed market is waited for by what leaves it, never by what enters.
  [MARKET_CLOSED]: {
    ...({ close: 'retry-wait', cancel: 'retry-wait', modify_sltp: 'retry-wait' } as const),
    otherwise: 'terminal',
  },
  10025: { modify_sltp: 'ok', otherwise: 'ambiguous' },
  10035: { cancel: 'already', otherwise: 'terminal' },
  // A service operation gives a position another ticket: that this one is gone does not say that the position is.
  10036: { close: 're-read', modify_sltp: 're-read', cancel: 'already', otherwise: 'terminal' },
  // It is smaller by now than what was to be closed.
  10038: { close: 're-read', otherwise: 'terminal' },
};

/** The class of a return code in the answer to a request of this kind. */
export function retcodeClass(retcode: number, kind: RequestKind): RetcodeClass {
  const depends = BY_KIND[retcode];
  if (depends !== undefined) return depends[kind] ?? depends.otherwise;
  return BY_CODE.get(retcode) ?? 'ambiguous';
}
