import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  alarmAfterMs,
  DIVERGENCE_CODES,
  type DivergenceCode,
  isNoted,
  policyOf,
  STATE_CODES,
} from '../../functions/reconciliation/divergence-code.ts';
import { DIVERGENCE_CODES as COUNTED } from '../../functions/reconciliation/stored-metrics.ts';
import { filesBelow } from '../support/source-tree.ts';

/** Domain 2.5, row by row. */
const TABLE = `EXTERNAL_POSITION ORPHAN_OWN DUPLICATE_EXECUTION FILL_DISCOVERED PARTIAL_FILL CLOSED_AT_BROKER
  MISSING_NO_DEALS PARTIAL_CLOSE VOLUME_GAP CLOSE_BY REVERSAL DIRECTION_MISMATCH ENTRY_SLIPPAGE SLTP_CHANGED
  SLTP_MISSING_AFTER_FILL PENDING_EXPIRED PENDING_CANCELED_EXTERNAL PENDING_REJECTED PENDING_MODIFIED LATE_PENDING
  UNKNOWN_RESOLVED_DONE UNKNOWN_RESOLVED_NOT_EXECUTED COST_ADJUSTMENT CASHFLOW DEAL_CANCELED STOP_OUT TICKET_CHANGED
  ID_REOPENED EQUITY_GAP ACCOUNT_MISMATCH SYMBOL_UNMAPPED SNAPSHOT_STALE SNAPSHOT_INCOMPLETE SNAPSHOT_TORN
  SNAPSHOT_OUT_OF_ORDER CLOCK_OFFSET`.split(/\s+/);

describe('the divergences', () => {
  it('are those of the table, and each has a test named after it', () => {
    expect([...DIVERGENCE_CODES].sort()).toEqual([...TABLE].sort());
    const tests = filesBelow('tests/reconciliation/divergences')
      .filter((path) => path.endsWith('.test.ts'))
      .map((path) => readFileSync(path, 'utf8'))
      .join('\n');
    const untested = DIVERGENCE_CODES.filter((code) => !new RegExp(`\\bit\\('${code}: `).test(tests));
    expect(untested).toEqual([]);
  });

  it('are all counted by their names', () => {
    expect(DIVERGENCE_CODES.filter((code) => !COUNTED.includes(code))).toEqual([]);
  });

  it('that stand wait, and events that need nobody are noted at once', () => {
    const of = (code: DivergenceCode, grave?: true) => ({
      ...{ code, brokerKey: '7', evidence: {} },
      ...(grave ? { grave } : {}),
    });
    for (const code of DIVERGENCE_CODES) {
      const waits = STATE_CODES.includes(code) || policyOf(of(code)) !== 'notice';
      expect(isNoted(of(code)), code).toBe(!waits);
      expect(isNoted(of(code, true)), `a grave ${code}`).toBe(false);
      expect(alarmAfterMs(of(code, true)), `a grave ${code}`).toBe(0);
      if (policyOf(of(code)) === 'automatic') expect(alarmAfterMs(of(code)), code).not.toBeNull();
    }
  });
});
