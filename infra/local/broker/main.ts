// Starts the simulated broker: `node infra/local/broker/main.ts --port N --data DIR [--seed N] [--die-with-parent]`.
// Prints one line `ready <port>`. There is nothing to save at exit: whatever was acknowledged is in the journals.
import { parseArgs } from 'node:util';
import { BrokerHost } from './broker-host.ts';
import { listen } from './broker-server.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    data: { type: 'string' },
    seed: { type: 'string', default: '1' },
    'die-with-parent': { type: 'boolean', default: false },
  },
});
if (!values.data) throw new Error('--data DIR is required');

const host = new BrokerHost({ dir: values.data, seed: Number(values.seed), realNowMs: Date.now });
const { port } = await listen(host, Number(values.port));

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(0));
if (values['die-with-parent']) {
  process.stdin.once('close', () => process.exit(0));
  process.stdin.resume();
}

console.log(`ready ${port}`);
