// The broker as its own process, so that it can be killed with SIGKILL.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = join(import.meta.dirname, '../../../../infra/local/broker/main.ts');

export class BrokerProcess {
  readonly child: ChildProcess;
  readonly base: string;

  private constructor(child: ChildProcess, base: string) {
    this.child = child;
    this.base = base;
  }

  static async start(dir: string): Promise<BrokerProcess> {
    const args = [MAIN, '--port', '0', '--data', dir, '--die-with-parent'];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    if (!child.stdout) throw new Error('no stdout');
    for await (const line of createInterface({ input: child.stdout })) {
      const port = /^ready (\d+)$/.exec(line)?.[1];
      if (port) return new BrokerProcess(child, `http://127.0.0.1:${port}`);
    }
    throw new Error('the broker ended before it was ready');
  }

  /** Resolves with the signal or exit code the process ended with. */
  async ended(): Promise<number | string | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
    return this.child.signalCode ?? this.child.exitCode;
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended();
  }
}
