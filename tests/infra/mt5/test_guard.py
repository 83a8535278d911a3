"""The guard at the terminal: what it is told, what it does by its own clock, and what a restart or a refusal changes."""
import json
import unittest
from dataclasses import replace
from unittest import mock

from stage import BridgeCase

from countersign_mt5.append_log import LogBroken
from countersign_mt5.guard_order import GuardState
from countersign_mt5.guard_store import GuardStore
from countersign_mt5.utc_text import iso_utc


class Guarded(BridgeCase):
    def order(self, **over):
        """Of the account as it begins: 10,000, of which a fifth may be lost."""
        return {
            **{"version": 1, "login": "500123", "server": "Demo-Server", "armed": True, "scope": "all", "namespace": 7},
            **{"units": "10000", "peak": "1", "balance": "10000", "credit": "0", "booked_to": "1", "trip_bps": 2000},
            **{"hard_bps": 2500, "equity_floor": None, "warning_ms": 10_000, "close": None, "latched": False},
            **over,
        }

    def close(self, after_ms=0, **over):
        at = iso_utc(self.clock.wall_ms + after_ms)
        return self.order(**{"close": {"trip_id": "t-1", "not_before": at, "revocable": True}, **over})

    def guard(self, order):
        return self.asked("guard", guard=order)["guard"]

    def fall(self, dollars):
        gold = self.state["symbols"]["XAUUSD"]
        gold.update(bid=round(2034.9 - dollars, 2), ask=round(2035.1 - dollars, 2))

    def looks(self, count=1, pause_ms=2_000):
        for _ in range(count):
            self.clock.advance(pause_ms)
            urgent = self.bridge.guard()
        return urgent

    def report(self):
        return self.asked("snapshot", deals_from=None)["guard"]

    def sent(self):
        return [(one["action"], one.get("position", one.get("order"))) for one in self.state["sent"]]

    def test_a_snapshot_says_that_there_is_a_guard_though_none_has_told_it_anything(self):
        self.assertEqual(
            self.report(),
            {
                **{"version": None, "phase": "idle", "trip_id": None, "since": None, "cause": None, "equity": None},
                **{"samples": 0, "refused": None},
            },
        )
        self.assertFalse(self.looks())

    def test_an_order_comes_with_a_snapshot_or_by_itself_and_one_that_cannot_be_read_hides_no_account(self):
        self.assertEqual(self.asked("snapshot", deals_from=None, guard=self.order())["guard"]["version"], 1)
        self.assertEqual(self.guard(self.order(version=2))["version"], 2)
        shown = self.asked("snapshot", deals_from=None, guard={"version": 3})
        self.assertEqual((shown["guard"]["version"], shown["account"]["login"]), (2, "500123"))
        self.assertEqual(self.ask("guard", guard={"version": 3})[0], 422)
        self.assertEqual(self.guard(self.order(version=3, login="7"))["refused"], "login")

    def test_a_hard_breach_closes_after_two_looks_the_largest_loss_first_though_the_cloud_is_away(self):
        first, second = self.opened("first", 16), self.opened("second", 32)
        self.state["positions"][1]["volume"] = 0.2
        marks = {"cmd_id": "third", "evidence": {"magic": "48", "comment": "c"}}
        pending = self.execute(self.command("place", {"type": "buy_limit", "price": "1900"}, **marks))
        self.state["sent"].clear()
        self.guard(self.order())
        self.looks()
        self.fall(100)
        self.assertTrue(self.looks())
        self.assertEqual((self.report()["samples"], self.report()["phase"], self.sent()), (1, "idle", []))
        self.assertTrue(self.looks())
        self.assertEqual(self.sent(), [(8, int(pending["order"])), (1, int(second)), (1, int(first))])
        self.assertEqual([one.get("deviation") for one in self.state["sent"]], [None, 20, 20])
        self.assertEqual((self.report()["phase"], self.report()["cause"]), ("closing", "hard-drawdown"))
        self.looks(2)
        self.assertEqual((self.report()["phase"], len(self.sent())), ("flat", 3))
        kept = [(one["kind"], one["retcode"]) for one in self.guard_store.results()]
        self.assertEqual(kept, [("cancel", 10009), ("close", 10009), ("close", 10009)])

    def test_an_ordered_close_comes_by_its_own_timer_and_over_a_restart(self):
        ticket = int(self.opened())
        self.guard(self.close(20_000))
        self.looks(2)
        self.assertEqual((self.report()["phase"], self.report()["trip_id"]), ("warned", "t-1"))
        self.restart()
        begun_ms = self.guard_store.state.since_ms - 2_000
        while self.clock.wall_ms + 2_000 < begun_ms + 20_000:
            self.looks()
            self.assertEqual(self.sent(), [])
        self.looks()
        self.assertEqual(self.sent(), [(1, ticket)])
        self.restart()
        self.looks(2)
        self.assertEqual((self.report()["phase"], len(self.sent())), ("flat", 1))

    def test_a_close_that_is_taken_back_does_not_come(self):
        self.opened()
        self.guard(self.close(10_000))
        self.looks()
        self.assertEqual(self.guard(self.order(version=2))["phase"], "idle")
        self.looks(10)
        self.assertEqual(self.sent(), [])

    def test_a_death_while_closing_leaves_nothing_closed_twice(self):
        first, second = int(self.opened("first", 16)), int(self.opened("second", 32))
        self.guard(self.close())
        self.state["on_send"] = "crash_after"
        with self.assertRaises(BaseException):
            self.looks()
        self.restart()
        self.looks()
        self.assertEqual(self.sent(), [(1, first), (1, second)])

    def test_refusals_and_parts_go_on_with_what_stands_then(self):
        ticket = int(self.opened())
        self.guard(self.close())
        self.state["on_send"] = 10004
        self.looks()
        self.state["on_send"] = "partial"
        self.looks()
        self.looks()
        said = [(one["volume"], one["deviation"]) for one in self.state["sent"]]
        self.assertEqual(said, [(0.1, 20), (0.1, 50), (0.05, 20)])
        self.assertEqual({one["position"] for one in self.state["sent"]}, {ticket})
        self.assertEqual(self.state["positions"], [])

    def test_what_was_not_heard_of_is_left_alone_for_a_while(self):
        self.opened()
        self.guard(self.close())
        self.state["on_send"] = "lost"
        self.looks(5)
        self.assertEqual(len(self.sent()), 1)
        self.assertEqual([one["retcode"] for one in self.guard_store.results()], [None])

    def test_more_than_the_broker_takes_at_once_goes_in_several(self):
        self.opened()
        self.state["symbols"]["XAUUSD"]["volume_max"] = 0.06
        self.guard(self.close())
        self.looks(2)
        self.assertEqual([round(one["volume"], 2) for one in self.state["sent"]], [0.06, 0.04])

    def test_money_that_is_paid_out_is_no_breach(self):
        self.opened()
        self.guard(self.order())
        self.looks()
        self.state["account"]["balance"] -= 6_000
        self.looks(2)
        deal = {"ticket": 5_000, "type": 2, "profit": -6_000.0, "time_msc": self.terminal.server_ms()}
        self.state["deals"].append(deal)
        self.looks(5)
        self.assertEqual((self.report()["phase"], self.report()["samples"], self.sent()), ("idle", 0, []))

    def test_money_in_no_ones_history_is_judged_after_five_seconds(self):
        self.opened()
        self.guard(self.order())
        self.looks()
        self.state["account"]["balance"] -= 6_000
        self.looks(3)
        self.assertEqual(self.report()["samples"], 0)
        self.looks(2)
        self.assertEqual(len(self.sent()), 1)

    def test_a_terminal_that_cannot_be_read_or_shows_another_account_is_left_alone(self):
        self.opened()
        self.guard(self.close())
        self.fails("positions_get")
        self.looks(2)
        self.state["faults"].clear()
        self.state["connected"] = False
        self.looks(2)
        self.state["connected"] = True
        self.state["account"]["login"] = 7
        self.looks(2)
        self.assertEqual(self.sent(), [])
        self.assertIn("guard-blind", [event for event, _ in self.logged])
        self.state["account"]["login"] = 500123
        self.looks()
        self.assertEqual(len(self.sent()), 1)

    def test_a_figure_that_is_none_says_nothing_of_money_and_hinders_no_ordered_close(self):
        self.opened()
        self.guard(self.order())
        self.state["account"]["balance"] = float("nan")
        self.looks(5)
        self.assertEqual((self.guard_store.state.breach, self.sent()), (None, []))
        self.guard(self.close(version=2))
        self.looks()
        self.assertEqual(len(self.sent()), 1)

    def test_its_file_stays_short_and_keeps_the_last_of_what_was(self):
        self.guard_store.put(replace(GuardState(), phase="closing"))
        with mock.patch("countersign_mt5.guard_store.MAX_LINES", 10):
            for number in range(25):
                self.guard_store.keep_result({"number": number})
        lines = (self.folder / "guard.jsonl").read_text().splitlines()
        self.assertLess(len(lines), 40)
        self.restart()
        self.assertEqual((self.guard_store.results()[-1], self.guard_store.state.phase), ({"number": 24}, "closing"))

    def test_a_file_that_it_never_wrote_stops_the_start(self):
        (self.folder / "guard.jsonl").write_text(json.dumps({"kind": "state", "state": {}, "anchored_ms": 0}) + "\n")
        with self.assertRaises(LogBroken):
            GuardStore(self.folder)


if __name__ == "__main__":
    unittest.main()
