/** What was realised by one closing deal, as statistics count it (domain 6): by the time of its close. */
export type RealisedLeg = {
  dealTicket: string;
  /** Profit, swap, commission and fee together, its share of the entry's costs too: a plain decimal. */
  net: string;
  /** Net in units of what was risked at entry; null where nothing says what that was. */
  r: string | null;
  openedMs: number;
  closedMs: number;
};

/** Legs in the order of their closes; those of one moment by ticket, which brokers count upwards. */
export const inCloseOrder = <T extends Pick<RealisedLeg, 'closedMs' | 'dealTicket'>>(
  legs: readonly T[],
): T[] => [...legs].sort((a, b) => a.closedMs - b.closedMs || compareTickets(a.dealTicket, b.dealTicket));

/** Negative, zero or positive as ticket `a` came before, is, or came after `b`: as numbers, however long. */
export const compareTickets = (a: string, b: string): number =>
  a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
