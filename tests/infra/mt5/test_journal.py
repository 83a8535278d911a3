"""At most once: crashes at every point between a command's arrival and its answer, and what the disk may do."""
import errno
import os
import unittest
from unittest import mock

from stage import MAGIC, BridgeCase
from fake_terminal import Crash

from countersign_mt5.append_log import LogBroken
from countersign_mt5.command_journal import CommandJournal


class CrashPoints(BridgeCase):
    def crash(self, command):
        with self.assertRaises(Crash):
            self.execute(command)
        self.restart()

    def test_before_the_intent_nothing_was_sent_and_a_repeat_is_executed_once(self):
        command = self.command()
        with mock.patch.object(self.terminal, "order_check", side_effect=Crash):
            self.crash(command)
        self.assertEqual(self.lookup(command)["journal"], "absent")
        self.assertEqual(self.execute(command)["outcome"], "done")
        self.assertEqual(len(self.state["sent"]), 1)

    def test_between_intent_and_sending_it_stays_unknown_and_is_never_sent(self):
        command = self.command()
        self.state["on_send"] = "crash_before"
        self.crash(command)
        found = self.lookup(command)
        self.assertEqual((found["journal"], found["orders"], found["deals"]), ("intent", [], []))
        for _ in range(3):
            result = self.execute(command)
            self.assertEqual((result["outcome"], result["reason"]), ("unknown", "intent_without_result"))
            self.restart()
        self.assertEqual(self.state["sent"], [])

    def test_between_sending_and_result_the_broker_tells_what_became_of_it(self):
        command = self.command()
        self.state["on_send"] = "crash_after"
        self.crash(command)
        self.assertEqual(self.lookup(command)["journal"], "intent")
        result = self.execute(command)
        self.assertEqual((result["outcome"], result["reason"]), ("done", "found_by_magic"))
        self.assertEqual((result["volume"], result["price"]), ("0.1", "2035.1"))
        self.assertEqual(self.lookup(command)["journal"], "result")
        self.assertEqual(self.execute(self.command(attempt=1))["outcome"], "done")
        self.assertEqual((len(self.state["sent"]), len(self.state["positions"])), (1, 1))

    def test_after_the_result_it_is_told_again_by_whatever_process(self):
        command = self.command()
        result = self.execute(command)
        self.restart()
        self.assertEqual(self.execute(command), result)
        self.assertEqual(len(self.state["sent"]), 1)

    def test_a_pending_order_and_a_close_are_found_too(self):
        ticket = self.opened()
        for number, (kind, order) in enumerate(
            [
                ("place", {"type": "buy_limit", "price": "2000.00"}),
                ("close", {"type": "sell", "volume": "0.04", "position_ticket": ticket}),
            ]
        ):
            evidence = {"magic": str(MAGIC + 16 * number), "comment": "cs0123456789ab"}
            command = self.command(kind, order, cmd_id=f"crashed-{kind}", evidence=evidence)
            self.state["on_send"] = "crash_after"
            self.crash(command)
            result = self.execute(command)
            self.assertEqual(result["outcome"], "placed" if kind == "place" else "done")
            self.assertEqual(len(self.state["sent"]), number + 1)

    def test_what_closed_it_since_is_no_part_of_it_though_the_broker_keeps_its_magic(self):
        command = self.command()
        self.state["on_send"] = "crash_after"
        self.crash(command)
        (position,) = self.state["positions"]
        self.state["positions"].clear()
        stopped = {"magic": MAGIC, "symbol": "XAUUSD", "position_id": position["identifier"], "reason": 4}
        times = {"time_setup_msc": self.terminal.server_ms(), "time_done_msc": self.terminal.server_ms()}
        self.state["history_orders"].append({**stopped, **times, "ticket": 7_777, "type": 1, "state": 4})
        closing = {"ticket": 7_778, "order": 7_777, "type": 1, "entry": 1, "volume": 0.1, "price": 2000.0}
        self.state["deals"].insert(0, {**stopped, **closing, "time_msc": self.terminal.server_ms()})
        self.restart()
        result = self.execute(command)
        told = {name: result[name] for name in ("outcome", "order", "volume", "price")}
        ticket = str(position["ticket"])
        self.assertEqual(told, {"outcome": "done", "order": ticket, "volume": "0.1", "price": "2035.1"})

    def test_an_order_decides_only_once_it_has_traded_or_ended(self):
        row = {"ticket": 77, "symbol": "XAUUSD", "volume_initial": 0.1, "time_done_msc": 1}
        limit = {"type": "buy_limit", "price": "2000.00"}
        for kind, state, outcome in [
            *[("open", 0, "unknown"), ("open", 1, "unknown"), ("open", 4, "unknown")],
            *[("open", 2, "failed"), ("open", 5, "failed"), ("open", 6, "failed"), ("place", 5, "failed")],
            *[("place", 1, "placed"), ("place", 2, "placed"), ("place", 4, "placed"), ("place", 6, "placed")],
        ]:
            magic = MAGIC + 16 * state + 1024 * len(kind)
            evidence = {"magic": str(magic), "comment": ""}
            order = limit if kind == "place" else {}
            command = self.command(kind, order, cmd_id=f"{kind}-{state}", evidence=evidence)
            self.state["on_send"] = "crash_before"
            self.crash(command)
            self.state["history_orders"] = [{**row, "magic": magic, "state": state}]
            self.restart()
            self.assertEqual(self.execute(command)["outcome"], outcome, (kind, state))
        self.assertEqual(self.state["sent"], [])

    def test_a_cancellation_and_a_modification_are_judged_by_what_they_wanted(self):
        placed = self.execute(self.command("place", {"type": "buy_limit", "price": "2000.00"}, cmd_id="placed"))
        moved = {"type": None, "volume": None, "price": "1990.00", "order_ticket": placed["order"]}
        for kind, order in [("modify_order", moved), ("cancel", {"order_ticket": placed["order"]})]:
            for when, outcome in [("crash_before", "unknown"), ("crash_after", "done")]:
                command = self.command(kind, order, cmd_id=f"{kind}-{when}")
                self.state["on_send"] = when
                self.crash(command)
                self.assertEqual(self.execute(command)["outcome"], outcome, command["cmd_id"])

    def test_with_another_account_in_the_terminal_nothing_is_concluded(self):
        command = self.command()
        self.state["on_send"] = "crash_after"
        with self.assertRaises(Crash):
            self.execute(command)
        self.state["account"]["login"] = 999
        self.restart()
        self.assertEqual(self.execute(command)["outcome"], "unknown")
        self.assertEqual(self.ask("lookup", cmd_id="c-1", magic=str(MAGIC))[0], 503)
        refused = self.execute(self.command(attempt=1))
        self.assertEqual((refused["outcome"], refused["reason"]), ("refused", "disconnected"))
        self.assertEqual(len(self.state["sent"]), 1)


class Attempts(BridgeCase):
    def test_a_later_attempt_follows_a_definite_refusal_and_never_something_that_may_have_been_done(self):
        self.state["on_send"] = 10004
        first = self.execute(self.command())
        self.assertEqual((first["outcome"], first["retcode"]), ("failed", 10004))
        self.assertEqual(self.execute(self.command()), first)
        second = {"magic": str(MAGIC + 1), "comment": "cs0123456789ab"}
        self.state["on_send"] = "lost"
        lost = self.execute(self.command(attempt=1, evidence=second))
        self.assertEqual((lost["outcome"], lost["reason"]), ("unknown", "order_send: -10005 IPC timeout"))
        third = {"magic": str(MAGIC + 2), "comment": "cs0123456789ab"}
        # The connection to the terminal was lost, and what it knows has to stand still before it is believed again.
        waiting = self.execute(self.command(attempt=2, evidence=third))
        self.assertEqual((waiting["outcome"], waiting["reason"]), ("refused", "disconnected"))
        self.clock.advance(self.settle_ms)
        found = self.execute(self.command(attempt=3, evidence=third))
        self.assertEqual((found["attempt"], found["outcome"]), (1, "done"))
        self.assertEqual((len(self.state["sent"]), len(self.state["positions"])), (2, 1))

    def test_an_older_attempt_is_never_sent_after_a_newer_one(self):
        self.state["on_send"] = 10004
        self.execute(self.command(attempt=3))
        stale = self.execute(self.command(attempt=2))
        self.assertEqual((stale["outcome"], stale["reason"]), ("refused", "stale_attempt"))
        self.assertEqual(len(self.state["sent"]), 1)

    def test_while_the_records_cannot_be_read_no_later_attempt_is_sent(self):
        self.state["on_send"] = "lost"
        self.execute(self.command())
        self.assertTrue(self.bridge.warm_up(30_000))
        for name in ("orders_get", "history_orders_get", "history_deals_get", "history_deals_total"):
            with self.subTest(name):
                self.fails(name)
                attempt = self.journal.attempts("c-1")[-1].number + 1
                refused = self.execute(self.command(attempt=attempt))
                self.assertEqual((refused["outcome"], refused["reason"]), ("refused", "disconnected"))
                self.assertEqual(self.execute(self.command())["reason"], "evidence_unreadable")
                self.state["faults"].clear()
        self.assertEqual(self.execute(self.command())["outcome"], "done")
        self.assertEqual(len(self.state["sent"]), 1)


class Disk(BridgeCase):
    def test_intent_is_on_the_disk_before_sending_and_result_before_the_answer(self):
        events = []
        fsync, send = os.fsync, self.terminal.order_send
        with mock.patch("os.fsync", lambda fd: (events.append("fsync"), fsync(fd))), mock.patch.object(
            self.terminal, "order_send", lambda request: (events.append("send"), send(request))[1]
        ):
            self.execute(self.command())
            events.append("answer")
        self.assertEqual(events, ["fsync", "send", "fsync", "answer"])

    def test_without_an_intent_on_the_disk_nothing_is_sent_then_or_later(self):
        with mock.patch("os.fsync", side_effect=OSError(errno.ENOSPC, "No space left on device")):
            refused = self.execute(self.command())
        self.assertEqual((refused["outcome"], refused["reason"]), ("refused", "journal_failed"))
        self.assertEqual(self.execute(self.command())["reason"], "journal_failed")
        self.assertEqual(self.state["sent"], [])
        self.restart()
        self.assertEqual(self.execute(self.command())["outcome"], "done")

    def test_a_result_that_the_disk_does_not_take_is_told_and_after_a_restart_looked_up(self):
        fsync, calls = os.fsync, []

        def failing_second(fd):
            calls.append(fd)
            if len(calls) == 2:
                raise OSError(errno.EIO, "Input/output error")
            fsync(fd)

        with mock.patch("os.fsync", failing_second):
            result = self.execute(self.command())
        self.assertEqual((result["outcome"], result["reason"]), ("done", None))
        self.assertEqual(self.execute(self.command()), result)
        self.restart()
        self.assertEqual(self.execute(self.command())["reason"], "found_by_magic")
        self.assertEqual(len(self.state["sent"]), 1)

    def test_a_line_cut_off_by_a_crash_was_never_there(self):
        self.execute(self.command())
        file = self.folder / "journal.jsonl"
        whole = file.read_bytes()
        lines = whole.splitlines(keepends=True)
        self.assertEqual(len(lines), 2)
        self.journal.close()
        self.journal = None
        for kept, expected in [(lines[0] + lines[1][:-1], "intent"), (lines[0][:-1], "absent"), (whole, "result")]:
            file.write_bytes(kept)
            self.restart()
            self.assertEqual(self.lookup(self.command())["journal"], expected)
            self.assertIn(file.read_bytes(), (b"", lines[0], whole))
            self.journal.close()
            self.journal = None

    def test_a_journal_that_somebody_else_wrote_in_is_not_believed(self):
        self.execute(self.command())
        self.journal.close()
        self.journal = None
        file = self.folder / "journal.jsonl"
        lines = file.read_bytes().splitlines(keepends=True)
        for broken in [lines[0][:-9] + b"\n" + lines[1], b'{"kind":"intent"}\n' + lines[1], b"[]\n"]:
            file.write_bytes(broken)
            with self.assertRaises(LogBroken):
                CommandJournal(self.folder)


if __name__ == "__main__":
    unittest.main()
