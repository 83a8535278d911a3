// How every stand-in listens and stops.
//
// Invariant: only 127.0.0.1 is bound; none of these servers is fit for a network.
import type { Server } from 'node:http';

/** A listening server: its address without a path, its port, and its end, which cuts open connections. */
export interface LoopbackServer {
  url: string;
  port: number;
  stop: () => Promise<void>;
}

/** Binds 127.0.0.1:`port` (0 takes a free one). Rejects with what `listen` throws, EADDRINUSE for one. */
export async function listenLoopback(server: Server, port: number): Promise<LoopbackServer> {
  // No idle timeout: a client that reuses a connection just as we close it would see a reset.
  server.keepAliveTimeout = 0;
  await new Promise<void>((ready, fail) => {
    server.once('error', fail);
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', fail);
      ready();
    });
  });
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    stop: async () => {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}
