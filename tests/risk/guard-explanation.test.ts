import { describe, expect, it } from 'vitest';
import { type ExplainedTrip, guardExplanation } from '../../functions/risk/guard-explanation.ts';
import { GuardCourse } from './guard-course.ts';

const AT = Date.UTC(2026, 2, 2, 9);
const TRIP: ExplainedTrip = {
  ...{
    id: 'trip',
    causes: ['drawdown', 'daily:day'],
    shadow: false,
    scope: 'all',
    warnedMs: AT,
    deadlineMs: AT + 10_000,
  },
  figures: { equity: '7900', nav: '0.79', peak: '1', drawdownBps: 2_100 },
  ...{
    triggeredMs: AT + 10_000,
    revokedMs: null,
    flatMs: null,
    stoppedMs: null,
    endedMs: null,
    endReason: null,
  },
};
const deal = (
  ticket: string,
  positionId: string,
  afterS: number,
  volume: string,
  price: string,
  profit: string,
) => ({
  ...{ ticket, positionId, timeMs: AT + afterS * 1_000, volume, price, profit, entry: 'out' as const },
  ...{ symbol: 'XAUUSD', reason: 'expert', swap: '-0.5', commission: '-1', fee: '0' },
});
const NOTHING = { samples: [], deals: [], orders: [], commands: [], standing: [], steps: [] };

describe('what a person is told of a trip', () => {
  it('is what closed by the broker’s deals alone: volume, mean price, and all of its money', () => {
    const { closed, realised, summary } = guardExplanation(TRIP, {
      ...NOTHING,
      deals: [
        deal('12', '5', 12, '0.1', '1993.5', '-65'),
        deal('11', '5', 11, '0.2', '1993', '-140'),
        deal('13', '6', 13, '1', '1.1', '30'),
        // One that opened.
        { ...deal('14', '6', 13, '1', '1.1', '0'), entry: 'in' as const },
      ],
    });
    expect(closed[0]).toEqual({
      ...{
        position_id: '5',
        symbol: 'XAUUSD',
        volume: '0.3',
        price: '1993.167',
        net: '-208',
        by: ['expert'],
      },
      ...{ first_at: '2026-03-02T09:00:11.000Z', last_at: '2026-03-02T09:00:12.000Z', deals: ['11', '12'] },
    });
    expect(closed.map((c) => c.position_id)).toEqual(['5', '6']);
    expect(realised).toBe('-179.5');
    expect(summary).toEqual([
      'a unit fell 21 % below its peak; the limit "day" was reached, at an equity of 7900.',
      'Everything on the account was to be closed from 2026-03-02T09:00:10.000Z on.',
      '2 positions closed for -179.5, 0 working orders cancelled.',
    ]);
  });

  it('is what could not be closed, and why', () => {
    const command = (
      kind: 'close' | 'cancel',
      subject: string,
      state: string,
      reason: string | null = null,
    ) => ({
      ...{ kind, subject, symbol: 'XAUUSD', state, reason },
    });
    const position = (subject: string) =>
      ({ kind: 'position', subject, symbol: 'XAUUSD', volume: '0.1' }) as const;
    const { standing, cancelled, summary } = guardExplanation(TRIP, {
      ...NOTHING,
      commands: [
        command('close', '1', 'failed', 'retcode-10004'),
        command('close', '1', 'failed', 'retcode-10018'),
        command('close', '2', 'sent'),
        command('close', '3', 'unknown', 'bridge-timeout'),
        command('close', '4', 'done'),
        command('cancel', '80', 'done'),
        command('cancel', '81', 'done'),
      ],
      orders: [
        { order: '80', symbol: 'XAUUSD' },
        { order: '82', symbol: 'EURUSD' },
      ],
      standing: [
        ...['1', '2', '3', '4', '5'].map(position),
        { kind: 'order', subject: '81', symbol: 'XAUUSD', volume: null },
      ],
    });
    expect(standing.map((s) => [s.subject, s.tries, s.why])).toEqual([
      ['1', 2, 'the market is closed'],
      ['2', 1, 'it is under way'],
      ['3', 1, 'it is under way; last: bridge-timeout'],
      ['4', 1, 'it was accepted, and no deal shows it yet'],
      ['5', 0, 'nothing was sent for it yet'],
      ['81', 1, 'it was accepted, and no deal shows it yet'],
    ]);
    expect(cancelled, 'by us, or by somebody else').toEqual([
      { order: '80', symbol: 'XAUUSD' },
      { order: '82', symbol: 'EURUSD' },
    ]);
    expect(summary).toContain('position 1 (XAUUSD) stands: the market is closed.');
  });

  it('is the samples that decided, those that were not judged, and the money that was no loss', () => {
    const c = new GuardCourse();
    c.open('buy', 3);
    c.look();
    c.look(2_000, { equity: 'NaN' });
    c.pay(-2_000);
    c.moveTo(5_900);
    c.look();
    const { samples, flows } = guardExplanation(TRIP, { ...NOTHING, samples: c.state?.recent ?? [] });
    expect(
      samples.slice(-3).map((s) => [s.equity, s.flow, s.verdict, Math.round(s.drawdown_percent)]),
    ).toEqual([
      ['10000', '0', 'accepted', 0],
      ['NaN', '0', 'not-finite', 0],
      ['5900', '-2000', 'breach', 21],
    ]);
    expect(samples.at(-2)?.meaning).toBe('a figure was none, so it was not judged');
    expect(flows).toEqual([{ at: samples.at(-1)?.at, amount: '-2000' }]);
  });

  it('is what people did to it, who joined it too', () => {
    const step = { by: 'u-1', reason: null, joined: false };
    const { interventions, summary } = guardExplanation(
      { ...TRIP, flatMs: AT + 20_000 },
      {
        ...NOTHING,
        steps: [
          { ...step, kind: 'close-all', atMs: AT + 12_000, joined: true, reason: 'news' },
          { ...step, kind: 'close-all', atMs: AT + 13_000, joined: true },
          { ...step, kind: 'rearm', atMs: AT + 60_000, reason: 'looked at it' },
        ],
      },
    );
    expect(interventions).toEqual([
      { at: '2026-03-02T09:00:12.000Z', kind: 'close-all', by: 'u-1', reason: 'news' },
      { at: '2026-03-02T09:00:13.000Z', kind: 'close-all', by: 'u-1', reason: null },
      { at: '2026-03-02T09:01:00.000Z', kind: 'rearm', by: 'u-1', reason: 'looked at it' },
    ]);
    expect(summary.slice(2, -1)).toEqual([
      'A person ordered it as well at 2026-03-02T09:00:12.000Z: news.',
      'A person ordered it as well at 2026-03-02T09:00:13.000Z.',
      '0 positions closed for 0, 0 working orders cancelled.',
    ]);
  });

  it('is what became of it', () => {
    const told = (change: Partial<ExplainedTrip>) =>
      guardExplanation({ ...TRIP, ...change }, NOTHING).summary;
    const waiting = { triggeredMs: null, causes: ['floor'] };
    expect(told(waiting)).toEqual([
      'the equity fell below the floor, at an equity of 7900.',
      'It closes at 2026-03-02T09:00:10.000Z unless that is taken back.',
    ]);
    expect(told({ ...waiting, revokedMs: AT + 5_000 })[1]).toBe(
      'It was taken back at 2026-03-02T09:00:05.000Z, before anything was closed.',
    );
    expect(told({ shadow: true, causes: ['person'] })).toEqual([
      'In shadow, nothing was done: a person ordered it, at an equity of 7900.',
    ]);
    const over = {
      flatMs: AT + 20_000,
      stoppedMs: AT + 15_000,
      endedMs: AT + 60_000,
      endReason: 'looked at it',
    };
    expect(told({ ...over, scope: 'own' }).slice(1)).toEqual([
      'What this deployment opened was to be closed from 2026-03-02T09:00:10.000Z on.',
      '0 positions closed for 0, 0 working orders cancelled.',
      'Its owner stopped it at 2026-03-02T09:00:15.000Z.',
      'Nothing in scope was left at 2026-03-02T09:00:20.000Z.',
      'It was over at 2026-03-02T09:01:00.000Z: looked at it.',
    ]);
  });
});
