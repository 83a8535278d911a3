// Trade server return codes the simulator answers with (domain.md 1.4; MQL5 ENUM_TRADE_RETCODE).

export const RETCODE = {
  requote: 10004,
  reject: 10006,
  placed: 10008,
  done: 10009,
  donePartial: 10010,
  invalid: 10013,
  invalidVolume: 10014,
  invalidPrice: 10015,
  invalidStops: 10016,
  tradeDisabled: 10017,
  marketClosed: 10018,
  noMoney: 10019,
  invalidExpiration: 10022,
  noChanges: 10025,
  clientDisablesAutoTrading: 10027,
  frozen: 10029,
  limitVolume: 10034,
  invalidOrder: 10035,
  positionClosed: 10036,
  invalidCloseVolume: 10038,
  longOnly: 10042,
  shortOnly: 10043,
  closeOnly: 10044,
} as const;

const COMMENTS: Record<number, string> = {
  10004: 'Requote',
  10006: 'Request rejected',
  10008: 'Order placed',
  10009: 'Request executed',
  10010: 'Request executed partially',
  10013: 'Invalid request',
  10014: 'Invalid volume',
  10015: 'Invalid price',
  10016: 'Invalid stops',
  10017: 'Trade disabled',
  10018: 'Market closed',
  10019: 'No money',
  10022: 'Invalid expiration',
  10025: 'No changes',
  10027: 'AutoTrading disabled by client',
  10029: 'Order or position frozen',
  10030: 'Unsupported filling mode',
  10034: 'Volume limit reached',
  10035: 'Invalid order',
  10036: "Position doesn't exist",
  10038: 'Invalid close volume',
  10042: 'Only long positions are allowed',
  10043: 'Only short positions are allowed',
  10044: 'Only position closing is allowed',
};

/** The broker's comment for a return code, as the terminal words it; a plain fallback for codes without one. */
export function retcodeComment(retcode: number): string {
  return COMMENTS[retcode] ?? `Return code ${retcode}`;
}

/** Whether the server acted: placed, done, done in part, or nothing to change. */
export function isAccepted(retcode: number): boolean {
  return (
    retcode === RETCODE.placed ||
    retcode === RETCODE.done ||
    retcode === RETCODE.donePartial ||
    retcode === RETCODE.noChanges
  );
}
