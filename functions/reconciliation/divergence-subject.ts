/** What a person may do about a divergence, by what it is about. Pure. */
const ADOPTABLE = new Set(['EXTERNAL_POSITION', 'ORPHAN_OWN']);

type Subject = { code: string; brokerKey: string; evidence: Readonly<Record<string, string>> };

/** Whether it is a position that may become a signal's: an order that works has traded nothing yet. */
export const isAdoptable = ({ code, evidence }: Subject): boolean =>
  ADOPTABLE.has(code) && evidence['order_ticket'] === undefined;

/** The identifier of the position that it is about; of a fact of one it stands before the fact. */
export const positionOf = ({ brokerKey, evidence }: Subject): string =>
  evidence['position'] ?? brokerKey.split('/')[0] ?? brokerKey;
