import { describe, expect, it } from 'vitest';
import {
  type RequestKind,
  type RetcodeClass,
  retcodeClass,
} from '../../functions/execution/retcode-class.ts';
import { RETCODE } from '../../infra/local/broker/retcodes.ts';

const KINDS: RequestKind[] = ['open', 'place', 'close', 'cancel', 'modify_sltp'];
/** Domain 1.4, written out once more: the class for each code, whatever was asked. */
const TABLE: [number, RetcodeClass][] = [
  ...[10008, 10009, 10010].map((c): [number, RetcodeClass] => [c, 'ok']),
  ...[10004, 10020, 10021].map((c): [number, RetcodeClass] => [c, 'retry-price']),
  ...[10024, 10028, 10029].map((c): [number, RetcodeClass] => [c, 'retry-wait']),
  ...[10023, 10039, 10041].map((c): [number, RetcodeClass] => [c, 're-read']),
  ...[10017, 10026, 10027, 10044].map((c): [number, RetcodeClass] => [c, 'pause']),
  ...[10006, 10007, 10013, 10014, 10015, 10016, 10019, 10022, 10030, 10032, 10033, 10034].map(
    (c): [number, RetcodeClass] => [c, 'terminal'],
  ),
  ...[10040, 10042, 10043, 10045, 10046].map((c): [number, RetcodeClass] => [c, 'terminal']),
  ...[10011, 10012, 10031].map((c): [number, RetcodeClass] => [c, 'ambiguous']),
];
const DEPENDS: [number, Record<RequestKind, RetcodeClass>][] = [
  [
    10018,
    {
      open: 'terminal',
      place: 'terminal',
      modify_sltp: 'retry-wait',
      close: 'retry-wait',
      cancel: 'retry-wait',
    },
  ],
  [
    10025,
    { open: 'ambiguous', place: 'ambiguous', close: 'ambiguous', cancel: 'ambiguous', modify_sltp: 'ok' },
  ],
  [
    10035,
    { open: 'terminal', place: 'terminal', close: 'terminal', modify_sltp: 'terminal', cancel: 'already' },
  ],
  [
    10036,
    { open: 'terminal', place: 'terminal', modify_sltp: 're-read', close: 're-read', cancel: 'already' },
  ],
  [
    10038,
    { open: 'terminal', place: 'terminal', modify_sltp: 'terminal', close: 're-read', cancel: 'terminal' },
  ],
];

describe('a return code', () => {
  it.each(TABLE)('%i is %s, whatever was asked', (code, wanted) => {
    for (const kind of KINDS) expect(retcodeClass(code, kind)).toBe(wanted);
  });

  it.each(DEPENDS)('%i depends on what was asked', (code, wanted) => {
    for (const kind of KINDS) expect(retcodeClass(code, kind), kind).toBe(wanted[kind]);
  });

  it('that MetaQuotes has published is in the table, every one', () => {
    const known = new Set([...TABLE, ...DEPENDS].map(([code]) => code));
    expect(Object.values(RETCODE).filter((code) => !known.has(code))).toEqual([]);
  });

  it('that nobody knows is ambiguous, never a refusal', () => {
    const known = new Set([...TABLE, ...DEPENDS].map(([code]) => code));
    const strange = [-1, 0, 1, 4753, 10000, 10001, 10005, 10037, 10047, 99_999, 2 ** 40];
    for (let code = 9_990; code < 10_100; code += 1) if (!known.has(code)) strange.push(code);
    for (const code of strange) for (const kind of KINDS) expect(retcodeClass(code, kind)).toBe('ambiguous');
  });
});
