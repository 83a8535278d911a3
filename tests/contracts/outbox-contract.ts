// What follows from a change: it happens once, also when the message that told of it was lost or came twice.
import { expect } from 'vitest';
import type { Contract } from './contract-suite.ts';
import { until } from './world.ts';

export function outboxContract({ test, ...w }: Contract): void {
  const eventOf = async (topic: string, signalId: string): Promise<Record<string, unknown>> => {
    const rows = await w.rt.query("SELECT * FROM outbox WHERE topic = $1 AND payload->>'signal_id' = $2", [
      topic,
      signalId,
    ]);
    expect(rows).toHaveLength(1);
    return rows[0] ?? {};
  };
  const done = (topic: string, signalId: string) =>
    until(`${topic} is done`, async () => {
      const event = await eventOf(topic, signalId);
      return event['done_at'] === null ? null : event;
    });
  /** As if the message had been lost, and the first patience with it were over. */
  const lose = (topic: string, signalId: string) =>
    w.rt.query(
      `UPDATE outbox SET done_at = NULL, attempts = 0, available_at = now() - interval '1 second'
       WHERE topic = $1 AND payload->>'signal_id' = $2`,
      [topic, signalId],
    );

  test('delivers an event whose message was lost with the next tick', async () => {
    const producer = await w.producer();
    const member = await w.person();
    const { id } = await w.sent(producer);
    await done('signal.created', id);
    await w.subscribe(producer, member);
    await w.refusal(w.as(member.token, 'GET', `/api/v1/signals/${id}`), 403, 'forbidden');
    await lose('signal.created', id);
    await w.rt.tick();
    expect((await done('signal.created', id))['attempts']).toBe(1);
    expect((await w.statusOf(member, id)).status).toBe('new');
  });

  test('changes nothing when an event is delivered twice', async () => {
    const t = await w.trader();
    const stored = await w.approvedSignal(t);
    await until('the order is done', async () => (await w.orderOf(t.user, stored.id))?.state === 'done');
    const seen = async () => ({
      deliveries: await w.count('SELECT count(*) FROM deliveries WHERE signal_id = $1', stored.id),
      commands: await w.count('SELECT count(*) FROM commands WHERE signal_id = $1', stored.id),
      positions: (await w.brokerAccount(t.login)).positions.length,
    });
    const before = await seen();
    expect(before).toEqual({ deliveries: 1, commands: 1, positions: 1 });
    for (const topic of ['signal.created', 'approval.approved']) {
      await done(topic, stored.id);
      await lose(topic, stored.id);
    }
    const [command] = await w.rt.query('SELECT id FROM commands WHERE signal_id = $1', [stored.id]);
    await w.rt.query(
      `UPDATE outbox SET done_at = NULL, available_at = now() - interval '1 second'
       WHERE topic = 'command.created' AND payload->>'command_id' = $1`,
      [command?.['id']],
    );
    await w.rt.tick();
    for (const topic of ['signal.created', 'approval.approved']) await done(topic, stored.id);
    await until('the command’s event is done', async () =>
      w.count(
        "SELECT count(*) FROM outbox WHERE done_at IS NOT NULL AND payload->>'command_id' = $1",
        command?.['id'],
      ),
    );
    expect(await seen()).toEqual(before);
    const entry = (await w.brokerState()).journal.find(
      (j: { cmd_id: string }) => j.cmd_id === command?.['id'],
    );
    expect(entry).toMatchObject({ sent: 1, executed: 1 });
  });

  test('leaves an event alone that is dead, and one whose time has not come', async () => {
    const producer = await w.producer();
    const [dead, later] = [await w.sent(producer), await w.sent(producer)];
    for (const { id } of [dead, later]) {
      await done('signal.created', id);
      await lose('signal.created', id);
    }
    const where = "WHERE topic = 'signal.created' AND payload->>'signal_id' = $1";
    await w.rt.query(`UPDATE outbox SET dead_at = now() ${where}`, [dead.id]);
    await w.rt.query(`UPDATE outbox SET available_at = now() + interval '1 hour' ${where}`, [later.id]);
    const after = await w.sent(producer);
    await done('signal.created', after.id);
    await w.rt.tick();
    for (const { id } of [dead, later])
      expect(await eventOf('signal.created', id)).toMatchObject({ done_at: null, attempts: 0 });
    await w.rt.query(`UPDATE outbox SET done_at = now() ${where}`, [later.id]);
  });

  test('buries an event that was tried too often, and keeps it', async () => {
    const { id } = await w.sent(await w.producer());
    await done('signal.created', id);
    await lose('signal.created', id);
    await w.rt.query("UPDATE outbox SET attempts = 12 WHERE payload->>'signal_id' = $1", [id]);
    await w.rt.tick();
    const event = await eventOf('signal.created', id);
    expect(event['dead_at']).not.toBeNull();
    expect(event['done_at']).toBeNull();
  });

  test('works a tick once, however often the minute is announced', async () => {
    await w.rt.tick();
    expect(await w.count('SELECT count(*) FROM schedule_ticks')).toBe(1);
    expect(await w.count('SELECT count(*) FROM schedule_ticks WHERE finished_at IS NOT NULL')).toBe(1);
  });
}
