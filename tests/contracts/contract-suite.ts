// The whole contract for one runtime. Each subject registers its tests through one recorder, so that a test which one
// runtime lacks or leaves out fails there, whatever the others do.
import { createHash } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { alertsContract } from './alerts-contract.ts';
import { answersContract } from './answers-contract.ts';
import { approvalsContract } from './approvals-contract.ts';
import { audienceContract } from './audience-contract.ts';
import { auditContract } from './audit-contract.ts';
import { authorizationContract } from './authorization-contract.ts';
import { badInputContract } from './bad-input-contract.ts';
import { batchContract } from './batch-contract.ts';
import { candlesContract } from './candles-contract.ts';
import { chartsContract } from './charts-contract.ts';
import { concurrencyContract } from './concurrency-contract.ts';
import { CONTRACT } from './contract-size.ts';
import { credentialsContract } from './credentials-contract.ts';
import { deploymentContract } from './deployment-contract.ts';
import { duplicatesContract } from './duplicates-contract.ts';
import { executionContract } from './execution-contract.ts';
import { fuzzIngestContract } from './fuzz-ingest-contract.ts';
import { fuzzPeopleContract } from './fuzz-people-contract.ts';
import { guardContract } from './guard-contract.ts';
import { historyContract } from './history-contract.ts';
import { identityContract } from './identity-contract.ts';
import { ingestContract } from './ingest-contract.ts';
import { jwtContract } from './jwt-contract.ts';
import { leavingContract } from './leaving-contract.ts';
import { lifecycleContract } from './lifecycle-contract.ts';
import { listsContract } from './lists-contract.ts';
import { marketContract } from './market-contract.ts';
import { metricsContract } from './metrics-contract.ts';
import { operationsContract } from './operations-contract.ts';
import { ordersContract } from './orders-contract.ts';
import { outboxContract } from './outbox-contract.ts';
import { performanceContract } from './performance-contract.ts';
import { picturesContract } from './pictures-contract.ts';
import { polledContract } from './polled-contract.ts';
import { proofContract } from './proof-contract.ts';
import { racesContract } from './races-contract.ts';
import type { Runtime } from './runtime.ts';
import { tradingContract } from './trading-contract.ts';
import { tradingviewContract } from './tradingview-contract.ts';
import { webhookContract } from './webhook-contract.ts';
import { createWorld, type World } from './world.ts';

/** Registers one test; the name states the guarantee. */
export type Register = (name: string, run: () => Promise<void>) => void;
/** What a subject is given. */
export type Contract = World & { test: Register };

const SUBJECTS: Readonly<Record<string, (c: Contract) => void>> = {
  ingest: ingestContract,
  proof: proofContract,
  duplicates: duplicatesContract,
  tradingview: tradingviewContract,
  batch: batchContract,
  webhooks: webhookContract,
  approvals: approvalsContract,
  execution: executionContract,
  orders: ordersContract,
  'leaving the market': leavingContract,
  trading: tradingContract,
  guard: guardContract,
  performance: performanceContract,
  'imported history': historyContract,
  'polled bridges': polledContract,
  deployment: deploymentContract,
  candles: candlesContract,
  market: marketContract,
  charts: chartsContract,
  pictures: picturesContract,
  identity: identityContract,
  jwt: jwtContract,
  credentials: credentialsContract,
  audience: audienceContract,
  audit: auditContract,
  authorization: authorizationContract,
  answers: answersContract,
  lifecycle: lifecycleContract,
  lists: listsContract,
  operations: operationsContract,
  metrics: metricsContract,
  outbox: outboxContract,
  alerts: alertsContract,
  'bad input': badInputContract,
  'fuzzing of ingest': fuzzIngestContract,
  'fuzzing of people’s routes': fuzzPeopleContract,
  concurrency: concurrencyContract,
  races: racesContract,
};

/** Hundreds of pictures of what a subject left behind would be drawn before the one that a later test waits for. */
const END_WISHES = `UPDATE outbox SET done_at = now()
  WHERE topic = 'picture.wanted' AND done_at IS NULL AND dead_at IS NULL`;

/** Registers every subject's tests for this runtime, and one last that all of them ran. */
export function contractSuite(rt: Runtime): void {
  const world = createWorld(rt);
  const registered: string[] = [];
  const ran: string[] = [];
  for (const [subject, register] of Object.entries(SUBJECTS))
    describe(`${rt.name}: ${subject}`, () => {
      const test: Register = (name, run) => {
        const full = `${subject}: ${name}`;
        registered.push(full);
        it(name, async () => {
          ran.push(full);
          await run();
        });
      };
      register({ ...world, test });
      afterAll(async () => {
        await world.retireAccounts();
        await rt.query(END_WISHES);
      });
    });
  describe(`${rt.name}: the suite`, () => {
    it('has run every test of the contract on this runtime, none left out', () => {
      expect(ran).toEqual(registered);
      expect(new Set(registered).size).toBe(registered.length);
      const sha256 = createHash('sha256').update(registered.join('\n')).digest('hex');
      expect({ tests: registered.length, sha256 }, 'contract-size.ts states what every runtime runs').toEqual(
        CONTRACT,
      );
    });
  });
}
