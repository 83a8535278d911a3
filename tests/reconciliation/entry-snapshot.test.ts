// An entry whose account has not been heard of for a while: the bridge is asked first, and only then it is judged.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readAccount } from '../../functions/execution/account-store.ts';
import { presentAccount } from '../../functions/execution/present-account.ts';
import { consume } from '../../functions/jobs.ts';
import { isoTime } from '../../functions/platform/clock.ts';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { approveSignal, SPECIFICATION, storeSignal } from '../support/organisation.ts';
import { SILENT } from '../support/scripted-bridge.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let t: TestDatabase;
let at: DeskAtBroker;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  at = await DeskAtBroker.make(t);
});
afterAll(() => t?.drop());

/** What the bridge says of gold, whose last tick was so long ago by the broker's clock. */
const gold = (quoteAgeMs = 0, brokerMs = at.deps.clock.nowMs()) => ({
  server_now: isoTime(brokerMs),
  symbols: [{ ...SPECIFICATION, symbol: 'XAUUSD', time: isoTime(brokerMs - quoteAgeMs) }],
});
/** Approves and works that event alone; what became of it. */
async function approve() {
  const signal = await storeSignal(at, at.desk.producer.id);
  const { approval, eventId } = await approveSignal(at, signal.id, at.desk.userId);
  await consume(at.deps, [{ kind: 'outbox', id: eventId }]);
  const commands = await t.sql('SELECT state FROM commands WHERE approval_id = $1', [approval.id]);
  const [delivery] = await t.sql('SELECT refusal FROM deliveries WHERE signal_id = $1', [signal.id]);
  return { made: commands.length, refusal: delivery?.['refusal'] };
}
const shown = async () => {
  const account = await readAccount(t.db, at.desk.account.id);
  return account && presentAccount(account, at.deps.clock.nowMs()).entries;
};
const snapshots = () => at.bridge.calls('snapshot');
/** Of a command that these books have yet to make. */
async function lostMagic(): Promise<string> {
  const [row] = await t.sql(`SELECT (d.magic_namespace::bigint << 40) + ((n.last_value + 40) << 4) AS magic
    FROM deployment d, command_number n`);
  return String(row?.['magic']);
}

describe('an entry after a minute of silence', () => {
  it('has the bridge asked and is made of what it says; one within the minute asks for nothing', async () => {
    expect(await approve()).toEqual({ made: 1, refusal: null });
    expect(snapshots()).toBe(0);
    at.deps.clock.advance(60_001);
    expect(await shown()).toEqual({ taken: false, reason: 'bridge-silent' });
    at.answer(gold());
    expect(await approve()).toEqual({ made: 1, refusal: null });
    expect(snapshots()).toBe(1);
    expect(await shown()).toEqual({ taken: true, reason: null });
    // Commands wait for the next run: this one only looked.
    const states = 'SELECT state FROM commands WHERE account_id = $1';
    expect(await t.sql(states, [at.desk.account.id])).toEqual([{ state: 'created' }, { state: 'created' }]);
  });

  it('is refused where nobody answers, and stays refused when the bridge is back', async () => {
    at.deps.clock.advance(60_001);
    at.bridge.script.snapshot = () => SILENT;
    expect(await approve()).toEqual({ made: 0, refusal: 'bridge-silent' });
    at.answer(gold());
    expect((await at.run()).outcome).toBe('applied');
    await at.deps.drain();
    expect(await t.sql('SELECT 1 FROM commands WHERE account_id = $1', [at.desk.account.id])).toEqual([]);
  });

  it('is refused where the answer takes longer than a market order may wait', async () => {
    at.deps.clock.advance(60_001);
    const slow = (ms: number) => {
      at.bridge.script.snapshot = () => {
        at.deps.clock.advance(ms);
        return at.snapshot(gold());
      };
    };
    slow(30_001);
    expect(await approve()).toEqual({ made: 0, refusal: 'bridge-silent' });
    at.deps.clock.advance(60_001);
    slow(30_000);
    expect(await approve()).toEqual({ made: 1, refusal: null });
  });

  it.each([
    ['terminal-disconnected', () => ({ connected: false })],
    ['account-mismatch', () => ({ account: { login: '999' } })],
    ['snapshot-refused', () => ({ account: { equity: '1' } })],
    ['account-halted', () => ({})],
  ] as const)(
    'is refused as %s by what the answer shows, as the account then says',
    async (reason, change) => {
      at.deps.clock.advance(60_001);
      const answered = { ...gold(), ...change() };
      at.bridge.script.snapshot = async () => {
        if (reason === 'account-halted')
          await t.sql('UPDATE accounts SET halted = true WHERE id = $1', [at.desk.account.id]);
        return at.snapshot(answered);
      };
      expect(await approve()).toEqual({ made: 0, refusal: reason });
      expect(await shown()).toEqual({ taken: false, reason });
    },
  );

  it('is made of what the bridge says where another account’s broker has shown a restore since it was heard', async () => {
    const doubts = (n: number) => t.sql('UPDATE deployment SET epoch_doubts = $1', [n]);
    try {
      await doubts(1);
      expect(await shown()).toEqual({ taken: false, reason: 'epoch-unproven' });
      at.bridge.script.snapshot = () => SILENT;
      expect(await approve()).toEqual({ made: 0, refusal: 'epoch-unproven' });
      at.answer(gold());
      const asked = snapshots();
      expect(await approve()).toEqual({ made: 1, refusal: null });
      expect(await approve(), 'once is enough').toEqual({ made: 1, refusal: null });
      expect(snapshots()).toBe(asked + 1);
      await doubts(2);
      at.answer({ ...gold(), highest_magic: await lostMagic() });
      expect(await approve(), 'who lost something himself shows it there').toEqual({
        ...{ made: 0, refusal: 'epoch-behind' },
      });
    } finally {
      await doubts(0);
    }
  });

  it('is not made by a silence that follows: the terminal was in another account', async () => {
    at.answer({ account: { login: '999' } });
    expect((await at.run()).outcome).toBe('account-mismatch');
    at.bridge.script.snapshot = () => SILENT;
    expect(await approve()).toEqual({ made: 0, refusal: 'account-mismatch' });
    expect(snapshots()).toBeGreaterThan(1);
    at.answer(gold());
    expect(await approve()).toEqual({ made: 1, refusal: null });
  });
});

describe('a quote that stands still', () => {
  it('keeps entries out after a minute, by the broker’s own clock, until a tick comes', async () => {
    const held = Date.UTC(2024, 0, 5, 12);
    at.answer(gold(60_001, held));
    await at.run();
    expect(await approve()).toEqual({ made: 0, refusal: 'quote-stale' });
    at.answer(gold(60_000, held));
    expect(await approve()).toEqual({ made: 1, refusal: null });
  });

  it('grows old where the terminal shows the symbol no more', async () => {
    at.answer(gold());
    await at.run();
    at.deps.clock.advance(60_001);
    at.answer({});
    expect(await approve()).toEqual({ made: 0, refusal: 'quote-stale' });
  });

  it('is dated by the capture where the bridge states no clock of the broker', async () => {
    const { server_now: _clock, ...older } = gold(60_001);
    at.answer(older);
    await at.run();
    expect(await approve()).toEqual({ made: 0, refusal: 'quote-stale' });
  });
});
