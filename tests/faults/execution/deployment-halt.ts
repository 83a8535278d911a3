// The halt of the whole deployment, which every account of a stage shares: whoever says it, all feel it. Between the answer
// to a halt and the request that lifts it no entry of any account may leave us.
import type { World } from '../../contracts/world.ts';
import type { Sql } from '../stage.ts';

const DEPLOYMENT = '/api/v1/deployment';
/** Of a command `c`: whether it opens something. All others go out whatever is halted. */
export const ENTERS = `c.kind IN ('open', 'place')`;

type Sent = { id: string; command_id: string; enters: boolean };

export class DeploymentHalt {
  /** How often it began. */
  began = 0;
  /** What was sent while it was in force and is no entry. */
  exitsSent = 0;
  /** What had been sent when the halt in force was acknowledged; null: there is none. */
  #before: Set<string> | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  readonly #world: World;
  readonly #sql: Sql;

  constructor(world: World, sql: Sql) {
    this.#world = world;
    this.#sql = sql;
  }

  /** Halts; from the answer on the halt is in force for everybody. */
  halt(): Promise<void> {
    return this.#oneByOne(async () => {
      await this.#say('halt', this.#world.dev.tokens.admin);
      if (this.#before !== null) return;
      this.#before = new Set((await this.#sent()).map((s) => s.id));
      this.began += 1;
    });
  }

  /** Lifts the halt, if there is one; what was wrong while it was in force. */
  resume(): Promise<string[]> {
    return this.#oneByOne(async () => {
      const before = this.#before;
      const since = before === null ? [] : (await this.#sent()).filter((s) => !before.has(s.id));
      await this.#say('resume', this.#world.dev.tokens.owner);
      this.#before = null;
      this.exitsSent += since.filter((s) => !s.enters).length;
      return since
        .filter((s) => s.enters)
        .map((s) => `entry ${s.command_id} was sent while the deployment was halted`);
    });
  }

  /** Each time that a command was sent, by its row in the witness. */
  async #sent(): Promise<Sent[]> {
    return this.#sql(
      `SELECT s.id::text, s.command_id, ${ENTERS} AS enters FROM test_states s JOIN commands c ON c.id = s.command_id
       WHERE s.state = 'sent'`,
    );
  }

  async #say(verb: 'halt' | 'resume', token: string): Promise<void> {
    const w = this.#world;
    const { halted } = await w.json(w.as(token, 'POST', `${DEPLOYMENT}/${verb}`, { reason: 'a schedule' }));
    if (halted !== (verb === 'halt')) throw new Error(`the deployment does not ${verb}`);
  }

  #oneByOne<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => {});
    return mine;
  }
}
