// When a bridge that polls comes: in the rhythm that it is told, and sooner where somebody hurries.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BrokerHost } from '../../../../infra/local/broker/broker-host.ts';
import { answerControl } from '../../../../infra/local/broker/control-server.ts';
import { PollRounds } from '../../../../infra/local/broker/poll-rounds.ts';
import { BRIDGE_ID, SECRET } from './bridge-caller.ts';

const LOGIN = '1001';
/** A bridge that was answered nothing to be believed comes again after five seconds. */
const SOON_MS = 2_500;

let host: BrokerHost;
let rounds: PollRounds;
let cloud: Server;
let held: ServerResponse[];
let heard: number;
const said = (path: string, body: object) =>
  expect(answerControl(host, `POST ${path}`, body).status, path).toBe(200);
const answerAll = () => {
  for (const response of held.splice(0)) response.writeHead(500).end();
};
const isHeard = (times: number) => expect.poll(() => heard, { timeout: SOON_MS }).toBe(times);

beforeEach(async () => {
  host = new BrokerHost({ dir: null, seed: 7, realNowMs: Date.now });
  [held, heard] = [[], 0];
  cloud = createServer((request, response) => {
    request.resume().once('end', () => {
      heard += 1;
      held.push(response);
    });
  });
  await new Promise<void>((resolve) => cloud.listen(0, '127.0.0.1', resolve));
  const sync_url = `http://127.0.0.1:${(cloud.address() as AddressInfo).port}/bridge/v1/sync`;
  said('/accounts', {
    login: LOGIN,
    server: 'Sim-Demo',
    currency: 'USD',
    margin_mode: 'hedging',
    balance: '10000',
  });
  said('/bridges', { bridge_id: BRIDGE_ID, secret: SECRET, login: LOGIN, sync_url });
  rounds = new PollRounds(host);
  await isHeard(1);
});
afterEach(async () => {
  rounds.stop();
  answerAll();
  cloud.closeAllConnections();
  await new Promise((resolve) => cloud.close(resolve));
  host.close();
});

it('comes at once where it is hurried, and nobody else does', async () => {
  answerAll();
  await new Promise((resolve) => setTimeout(resolve, 600));
  rounds.hurry('1002');
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(heard).toBe(1);
  rounds.hurry(LOGIN);
  await isHeard(2);
});

it('comes right behind an exchange during which it was hurried, and never beside it', async () => {
  rounds.hurry(LOGIN);
  rounds.hurry(LOGIN);
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(heard).toBe(1);
  answerAll();
  await isHeard(2);
  answerAll();
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(heard, 'once').toBe(2);
});
