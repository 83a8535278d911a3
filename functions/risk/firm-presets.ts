/**
 * Rules as firms have published them, for a person to begin with (domain 3.5, sources F1 to F4 there). They are named as
 * what they compute, and promise nothing: a firm changes its terms without telling us, and how much may be lost differs
 * between its programmes, so the contract of the account is what counts. Data.
 */
import type { DailyRule } from './daily-loss.ts';

/** `published` says whose rule it is like, and where that is written. */
export type FirmPreset = { id: string; published: string; rule: DailyRule };

const common = { buffer_bps: 8_000, initial: null };

export const FIRM_PRESETS: readonly FirmPreset[] = [
  {
    id: 'prague-midnight-balance-5-of-initial',
    published: 'FTMO 2-step, maximum daily loss: academy.ftmo.com/lesson/maximum-daily-loss',
    rule: {
      ...common,
      name: 'Balance at midnight in Prague less 5 % of the initial balance',
      ...{ tz: 'Europe/Prague', reset: '00:00', base: 'balance' },
      amount: { kind: 'percent_of_initial', value: '5' },
    },
  },
  {
    id: 'prague-midnight-highest-balance-10-of-initial',
    published: 'FTMO 1-step, maximum loss: ftmo.com/au/?p=1671',
    rule: {
      ...common,
      name: 'Highest balance of a midnight in Prague less 10 % of the initial balance',
      ...{ tz: 'Europe/Prague', reset: '00:00', base: 'highest_eod' },
      amount: { kind: 'percent_of_initial', value: '10' },
    },
  },
  {
    id: 'broker-midnight-balance-5-of-base',
    published: 'Alpha Capital Group, daily drawdown from the balance: help.alphacapitalgroup.uk 6934210',
    rule: {
      ...common,
      name: 'Balance at midnight of the broker (New York + 7) less 5 % of it',
      ...{ tz: 'NY+7', reset: '00:00', base: 'balance' },
      amount: { kind: 'percent_of_base', value: '5' },
    },
  },
  {
    id: 'utc-22-balance-or-equity-4-5-of-base',
    published: 'BEM Funding, daily loss: bemfunding.com faq',
    rule: {
      ...common,
      name: 'The greater of balance and equity at 22:00 UTC less 4.5 % of it',
      ...{ tz: 'UTC', reset: '22:00', base: 'max' },
      amount: { kind: 'percent_of_base', value: '4.5' },
    },
  },
];
