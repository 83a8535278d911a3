import { describe, expect, it } from 'vitest';
import { positionSize, type SizeFacts } from '../../functions/execution/position-size.ts';
import { ACCOUNT, GOLD } from './trading-facts.ts';

type Change = Omit<Partial<SizeFacts>, 'settings' | 'specification'> & {
  settings?: Partial<SizeFacts['settings']>;
  specification?: Partial<SizeFacts['specification']>;
};
/** 1,582 ticks of a dollar a lot, 2 % of 10,000: 0.12 lot. */
const byRisk = ({ settings, specification, ...change }: Change = {}) =>
  positionSize({
    orderVolume: '0.1',
    balance: '10000',
    equity: '10000',
    marginFree: '10000',
    marginOnTheWay: '0',
    riskTicks: 1_582n,
    openVolume: '0',
    instrumentVolume: '0',
    exposure: null,
    approved: null,
    ...change,
    settings: { ...ACCOUNT.settings, riskBps: 200, ...settings },
    specification: { ...GOLD, ...specification },
  });
const fixed = (change: Change = {}) => byRisk({ ...change, settings: { riskBps: null, ...change.settings } });
/** Half of 10,000, and 50,000 a lot. */
const SHARE = { settings: { marginShareBps: 5_000 }, specification: { marginPerLot: '50000' } };
const refused = (reason: string) => ({ kind: 'refused', reason });
const size = (volume: string, risk: string | null) => ({ kind: 'size', volume, risk });

describe('a volume by risk', () => {
  it('is the steps that the budget pays for, commission of both ways included', () => {
    expect(byRisk()).toEqual(size('0.12', '189.84'));
    expect(byRisk({ settings: { commissionPerLot: '100' } })).toEqual(size('0.11', '185.02'));
    expect(byRisk({ specification: { volumeStep: '0.03' } })).toEqual(size('0.12', '189.84'));
    expect(byRisk({ specification: { volumeStep: '0.05', volumeMin: '0.05' } })).toEqual(
      size('0.1', '158.2'),
    );
  });

  it('leaves to the commands that are on their way what they will take of the margin', () => {
    const lots = (marginOnTheWay: string | null, change: Change = SHARE) =>
      byRisk({ ...change, marginOnTheWay });
    expect(lots('0')).toMatchObject({ volume: '0.1' });
    expect(lots('2000')).toMatchObject({ volume: '0.08' });
    expect(lots('2001')).toMatchObject({ volume: '0.07' });
    expect(lots('9000')).toMatchObject({ volume: '0.01' });
    const all = { specification: SHARE.specification };
    expect(lots('8000', all)).toMatchObject({ volume: '0.04' });
    expect(lots(null, all), 'what cannot be told stops only who has a share').toMatchObject({
      volume: '0.12',
    });
  });

  it('is what the limits of an instrument and of the whole account leave', () => {
    const lots = (settings: Change['settings'], more: Change = {}) => byRisk({ ...more, settings });
    const instrument = { maxInstrumentVolume: '1' };
    expect(lots(instrument, { instrumentVolume: '0.95' })).toMatchObject({ volume: '0.05' });
    expect(lots(instrument, { instrumentVolume: '0.5' })).toMatchObject({ volume: '0.12' });
    // A lot of gold is worth 203,520, and three times 10,000 may stand.
    const total = { maxExposurePercent: 300 };
    expect(lots(total, { exposure: '0' })).toMatchObject({ volume: '0.12' });
    expect(lots(total, { exposure: '10000' })).toMatchObject({ volume: '0.09' });
    expect(lots(total, { exposure: '27964.8' })).toMatchObject({ volume: '0.01' });
    expect(lots(total, { exposure: '27964.81' })).toEqual(refused('total-exposure-reached'));
  });

  it('takes an exact fit, and not a step more', () => {
    expect(byRisk({ riskTicks: 2_000n })).toEqual(size('0.1', '200'));
    expect(byRisk({ riskTicks: 2_001n })).toEqual(size('0.09', '180.09'));
    expect(byRisk({ riskTicks: 3n, balance: '150', equity: '150' })).toEqual(size('1', '3'));
  });

  it('is of the lesser of balance and equity, or of equity where the account says so', () => {
    expect(byRisk({ equity: '5000' })).toEqual(size('0.06', '94.92'));
    expect(byRisk({ equity: '20000' })).toEqual(size('0.12', '189.84'));
    expect(byRisk({ equity: '20000', settings: { riskBase: 'equity' } })).toEqual(size('0.25', '395.5'));
  });

  it('is made smaller by every limit, and never above it', () => {
    expect(byRisk({ specification: { volumeMax: '0.05' } })).toMatchObject({ volume: '0.05' });
    expect(byRisk({ settings: { maxVolume: '0.045' } })).toMatchObject({ volume: '0.04' });
    expect(byRisk({ specification: { volumeLimit: '1' }, openVolume: '0.92' })).toMatchObject({
      volume: '0.08',
    });
    expect(byRisk({ specification: { marginPerLot: '200000' } })).toMatchObject({ volume: '0.05' });
    expect(
      byRisk({ specification: { marginPerLot: '50000' }, settings: { marginShareBps: 2_000 } }),
    ).toMatchObject({ volume: '0.04' });
    expect(byRisk({ approved: { volume: '0.07', risk: null } })).toMatchObject({ volume: '0.07' });
    expect(byRisk({ approved: { volume: '1', risk: '47.46' } })).toEqual(size('0.03', '47.46'));
    expect(byRisk({ approved: { volume: '1', risk: '47.45' } })).toEqual(size('0.02', '31.64'));
  });

  it.each([
    ['below-min-volume', { balance: '500', equity: '500' }],
    ['below-min-volume', { settings: { maxVolume: '0.005' } }],
    ['below-min-volume', { equity: '0' }],
    ['below-min-volume', { equity: '-12.5' }],
    ['volume-limit-reached', { specification: { volumeLimit: '1' }, openVolume: '1' }],
    ['volume-limit-reached', { specification: { volumeLimit: '1' }, openVolume: '1.5' }],
    ['margin-exceeded', { specification: { marginPerLot: '2000' }, marginFree: '10' }],
    ['margin-exceeded', { specification: { marginPerLot: '2000' }, marginFree: '-5' }],
    ['margin-unknown', { settings: { marginShareBps: 5_000 } }],
    ['margin-unknown', { ...SHARE, marginOnTheWay: null }],
    ['margin-exceeded', { ...SHARE, marginOnTheWay: '9500' }],
    ['margin-exceeded', { ...SHARE, marginOnTheWay: '10001' }],
    ['volume-above-approved', { approved: { volume: '0', risk: null } }],
    ['risk-above-approved', { approved: { volume: '1', risk: '15.81' } }],
    ['stop-required', { riskTicks: null }],
    ['tick-value-unknown', { specification: { tickValueLoss: null } }],
    ['tick-value-unknown', { specification: { tickValueLoss: '0' } }],
    ['exposure-unknown', { settings: { maxExposurePercent: 3_000 }, exposure: null }],
    ['instrument-exposure-reached', { settings: { maxInstrumentVolume: '1' }, instrumentVolume: '0.995' }],
    ['total-exposure-reached', { settings: { maxExposurePercent: 100 }, exposure: '10000' }],
    ['account-figures-unknown', { balance: null }],
    ['account-figures-unknown', { equity: null }],
  ] as [string, Change][])('is refused as %s, never rounded up', (reason, change) => {
    expect(byRisk(change)).toEqual(refused(reason));
  });
});

describe('a fixed volume', () => {
  it('is what the account says, with its loss at the stop where that can be told', () => {
    expect(fixed()).toEqual(size('0.1', '158.2'));
    expect(fixed({ riskTicks: null })).toEqual(size('0.1', null));
    expect(fixed({ specification: { tickValueLoss: null } })).toEqual(size('0.1', null));
    expect(fixed({ balance: null, equity: null, marginFree: null })).toEqual(size('0.1', '158.2'));
  });

  it.each([
    ['volume-off-step', { orderVolume: '0.105' }],
    ['volume-off-step', { specification: { volumeStep: '0.03', volumeMin: '0.03' } }],
    ['below-min-volume', { specification: { volumeMin: '0.2' } }],
    ['above-max-volume', { specification: { volumeMax: '0.09' } }],
    ['above-max-volume', { settings: { maxVolume: '0.09' } }],
    ['volume-limit-reached', { specification: { volumeLimit: '1' }, openVolume: '0.91' }],
    ['instrument-exposure-reached', { settings: { maxInstrumentVolume: '1' }, instrumentVolume: '0.91' }],
    // 0.1 lot of gold is worth 20,352.
    ['total-exposure-reached', { settings: { maxExposurePercent: 300 }, exposure: '9648.01' }],
    ['exposure-unknown', { settings: { maxExposurePercent: 300 }, exposure: '0', equity: null }],
    ['exposure-unknown', { settings: { maxExposurePercent: 300 }, specification: { tickValueLoss: null } }],
    ['margin-exceeded', { specification: { marginPerLot: '100001' } }],
    ['volume-above-approved', { approved: { volume: '0.09', risk: null } }],
    ['risk-above-approved', { approved: { volume: '0.1', risk: '158.19' } }],
  ] as [string, Change][])('that does not fit is refused as %s, never changed', (reason, change) => {
    expect(fixed(change)).toEqual(refused(reason));
  });

  it('that just fits every limit is taken', () => {
    const change = {
      settings: { maxVolume: '0.1', maxInstrumentVolume: '2', maxExposurePercent: 300 },
      ...{ instrumentVolume: '1.9', exposure: '9648' },
      specification: { volumeMax: '0.1', volumeMin: '0.1', volumeLimit: '1', marginPerLot: '100000' },
      openVolume: '0.9',
      approved: { volume: '0.1', risk: '158.2' },
    };
    expect(fixed(change)).toEqual(size('0.1', '158.2'));
  });
});
