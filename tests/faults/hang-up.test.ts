// A database that greets and hangs up in one breath, as PostgreSQL does with a connection that is ended while it opens.
import { createServer, type Socket } from 'node:net';
import { afterAll, expect, it } from 'vitest';
import { startNeonSqlServer } from '../../infra/local/neon-sql-server.ts';

const message = (type: string, body: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
};
const AUTHENTICATION_OK = message('R', Buffer.alloc(4));
const READY_FOR_QUERY = message('Z', Buffer.from('I'));
const ADMIN_SHUTDOWN = message(
  'E',
  Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0'),
);

let greeted = 0;
const open = new Set<Socket>();
const database = createServer((socket) => {
  open.add(socket);
  socket.on('error', () => {});
  socket.once('data', () => {
    greeted += 1;
    socket.end(Buffer.concat([AUTHENTICATION_OK, READY_FOR_QUERY, ADMIN_SHUTDOWN]));
  });
});
await new Promise<void>((resolve) => database.listen(0, '127.0.0.1', resolve));
const address = database.address();
const databasePort = typeof address === 'object' && address !== null ? address.port : 0;
const server = await startNeonSqlServer({ port: 0, databasePort });

afterAll(async () => {
  for (const socket of open) socket.destroy();
  database.close();
  await server.stop();
});

it('the way to the database outlives a connection that is ended as it opens, and answers every caller', async () => {
  const ask = () =>
    fetch(server.url, {
      method: 'POST',
      headers: { 'neon-connection-string': 'postgresql://someone:secret@127.0.0.1/some' },
      body: JSON.stringify({ query: 'SELECT 1', params: [] }),
    });
  const answers = await Promise.all(Array.from({ length: 20 }, ask));
  for (const answer of answers) {
    expect([400, 500]).toContain(answer.status);
    expect(await answer.json()).toHaveProperty('message');
  }
  expect(greeted).toBeGreaterThan(0);
});
