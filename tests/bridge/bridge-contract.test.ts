import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { bridgeContract } from './bridge-contract.ts';
import { type BridgeSite, polledSite, webhookSite } from './bridge-site.ts';

let t: TestDatabase;
let site: BridgeSite;
beforeAll(async () => {
  t = await createTestDatabase();
});
afterEach(() => site.stop());
afterAll(() => t?.drop());

describe('the webhook', () => {
  beforeEach(async () => {
    site = await webhookSite(t);
  });
  bridgeContract('webhook', () => site);
});

describe('the poll', () => {
  beforeEach(async () => {
    site = await polledSite();
  });
  bridgeContract('poll', () => site);
});
