import { describe, expect, it } from 'vitest';
import { ENTRY_BARRIERS, entryBarrier } from '../../functions/execution/entry-barrier.ts';
import { ACCOUNT, NOW } from './trading-facts.ts';

const TRADING = { halted: false, epochBehind: false };
const heard = (outcome: string, agoMs = 1_000) => ({
  ...{ heardMs: NOW - agoMs, outcome, failures: 0, nextMs: NOW },
});
const judge = (account: Partial<typeof ACCOUNT> = {}, deployment = TRADING) =>
  entryBarrier({ ...ACCOUNT, contact: heard('applied'), ...account }, deployment, NOW);

describe('what keeps an account from entries', () => {
  it('is nothing where it trades and its last sound snapshot is at most a minute old', () => {
    expect(judge()).toBeNull();
    expect(judge({ snapshotMs: NOW - 60_000 })).toBeNull();
    expect(judge({ contact: null })).toBeNull();
    expect(judge({ guardPhase: 'empty' })).toBeNull();
    expect(judge({ state: { ...ACCOUNT.state, trade_allowed: 'true' } })).toBeNull();
    // One call that failed says nothing yet.
    expect(judge({ contact: heard('bridge-timeout') })).toBeNull();
  });

  it.each([
    ['epoch-behind', () => judge({}, { halted: true, epochBehind: true })],
    ['epoch-behind', () => judge({ halted: true, epoch: { ...ACCOUNT.epoch, behind: '17' } })],
    ['epoch-unproven', () => judge({ epoch: { ...ACCOUNT.epoch, unproven: true } })],
    ['account-halted', () => judge({ halted: true }, { halted: true, epochBehind: false })],
    ['deployment-halted', () => judge({}, { halted: true, epochBehind: false })],
    ['account-unbound', () => judge({ binding: null, snapshotMs: null, contact: null })],
    ['account-mismatch', () => judge({ contact: heard('account-mismatch') })],
    ['account-mismatch', () => judge({ contact: heard('bound-elsewhere') })],
    ['terminal-disconnected', () => judge({ contact: heard('terminal-disconnected') })],
    ['bridge-silent', () => judge({ snapshotMs: NOW - 60_001, contact: heard('applied', 60_001) })],
    ['bridge-silent', () => judge({ snapshotMs: null, contact: null })],
    [
      'bridge-silent',
      () => judge({ snapshotMs: null, contact: null, epoch: { ...ACCOUNT.epoch, unproven: true } }),
    ],
    ['bridge-silent', () => judge({ snapshotMs: NOW - 60_001, contact: null })],
    ['trading-disabled', () => judge({ state: { ...ACCOUNT.state, trade_allowed: 'false' } })],
    ['guard-tripped', () => judge({ guardPhase: 'tripped', snapshotMs: null, contact: null })],
    ['guard-latched', () => judge({ guardPhase: 'flat_latched' })],
    ['guard-warned', () => judge({ guardPhase: 'warned' })],
    ['guard-suspect', () => judge({ guardPhase: 'suspect' })],
    // Whose bridge is silent looks at nothing more: an entry does not wait for that.
    ['bridge-silent', () => judge({ guardPhase: 'suspect', snapshotMs: null, contact: null })],
    ['epoch-unproven', () => judge({ guardPhase: 'warned', epoch: { ...ACCOUNT.epoch, unproven: true } })],
    ['account-halted', () => judge({ guardPhase: 'tripped', halted: true })],
    ['snapshot-refused', () => judge({ snapshotMs: NOW - 60_001, contact: heard('snapshot-torn') })],
  ])('%s', (reason, found) => {
    expect(found()).toBe(reason);
    expect(ENTRY_BARRIERS).toContain(reason);
  });
});
