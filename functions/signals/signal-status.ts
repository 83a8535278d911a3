/** The states of a signal for one member of its audience; the position is the database's code. */
export const SIGNAL_STATUS = [
  'new',
  'approved',
  'rejected',
  'executed',
  'closed',
  'cancelled',
  'expired',
  'failed',
] as const;
export type SignalStatus = (typeof SIGNAL_STATUS)[number];

/** The database's code of a status. */
export const statusCode = (status: SignalStatus): number => SIGNAL_STATUS.indexOf(status);

/** The status of a code. Throws on a code that this version does not know. */
export function statusOf(code: unknown): SignalStatus {
  const status = SIGNAL_STATUS[Number(code)];
  if (status === undefined) throw new Error('an unknown signal status is stored');
  return status;
}
