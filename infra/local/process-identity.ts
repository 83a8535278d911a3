/**
 * Which process a number means. Numbers are used again, so a number alone proves nothing: a process is known by its
 * number and the moment of its start.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** `<pid> <start>` of a running process; null where there is none of that number, or only its remains. */
export async function processIdentity(pid: number): Promise<string | null> {
  if (!Number.isSafeInteger(pid) || pid <= 1) return null;
  const start = process.platform === 'linux' ? await startOnLinux(pid) : await startByPs(pid);
  return start === null ? null : `${pid} ${start}`;
}

/** Whether the process of that identity still runs. */
export async function isRunning(identity: string): Promise<boolean> {
  return (await processIdentity(Number(identity.split(' ')[0]))) === identity;
}

async function startOnLinux(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  // The name stands in parentheses and may hold anything; behind it come the state, and the start as the 22nd field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
}

async function startByPs(pid: number): Promise<string | null> {
  const said = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => null);
  return said?.stdout.trim() || null;
}
