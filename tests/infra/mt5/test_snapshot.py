"""The account as it stands, and what a snapshot says where it could not be read, or not yet, or was torn."""
import unittest
from unittest import mock

from stage import MAGIC, START_MS, BridgeCase

from countersign_mt5.utc_text import iso_utc, parse_iso


class Sound(BridgeCase):
    def snapshot(self, deals_from_ms=None, deals_to_ms=None):
        wanted = {"deals_from": deals_from_ms, "deals_to": deals_to_ms}
        return self.asked("snapshot", **{key: None if ms is None else iso_utc(ms) for key, ms in wanted.items()})

    def test_it_states_the_account_in_words_and_digits(self):
        self.execute(self.command(order={"stop_loss": "2000.5", "take_profit": "2100"}))
        told = self.snapshot()
        self.assertEqual((told["v"], told["kind"], told["request_id"], told["connected"]), (1, "snapshot", "r-1", True))
        account = {"login": "500123", "server": "Demo-Server", "margin_mode": "hedging", "trade_mode": "demo"}
        money = {"balance": "9999.65", "profit": "-2", "equity": "9997.65", "margin_level": None}
        self.assertEqual({**told["account"], **account, **money, "trade_allowed": True}, told["account"])
        ticket = told["positions"][0]["ticket"]
        position = {
            **{"ticket": ticket, "identifier": ticket, "time": iso_utc(self.clock.wall_ms), "type": "buy"},
            **{"magic": str(MAGIC), "reason": "expert", "volume": "0.1", "price_open": "2035.10", "sl": "2000.50"},
            **{"tp": "2100.00", "price_current": "2034.90", "swap": "0", "profit": "-2"},
            **{"symbol": "XAUUSD", "comment": "cs0123456789ab"},
        }
        self.assertEqual(told["positions"], [position])
        deposit, opening = told["deals"]
        self.assertEqual((deposit["type"], deposit["entry"], deposit["profit"]), ("balance", None, "10000"))
        self.assertEqual((opening["type"], opening["entry"], opening["commission"]), ("buy", "in", "-0.35"))
        self.assertEqual((opening["position_id"], opening["price"]), (ticket, "2035.10"))
        self.assertEqual(told["history_orders"][0]["state"], "filled")
        self.assertEqual(set(told["sections"].values()), {True})
        self.assertEqual(told["highest_magic"], str(MAGIC))

    def test_symbols_have_what_sizing_needs_and_those_without_a_quote_are_left_out(self):
        self.state["symbols"]["EURUSD"]["bid"] = 0.0
        self.state["symbols"]["XAUUSD"].update(filling_mode=5, expiration_mode=5, trade_mode=1)
        (gold,) = self.snapshot()["symbols"]
        stated = {
            **{"symbol": "XAUUSD", "digits": 2, "point": "0.01", "tick_size": "0.01", "spread": 20},
            **{"tick_value_loss": "0.89782726", "volume_step": "0.01", "stops_level": 20, "trade_mode": "long_only"},
            **{"filling_modes": ["fok", "boc"], "expiration_modes": ["gtc", "specified"], "execution": "market"},
            **{"margin_per_lot": "2035.1", "bid": "2034.90", "ask": "2035.10", "time": iso_utc(self.clock.wall_ms)},
        }
        self.assertEqual({**gold, **stated}, gold)
        self.fails("order_calc_margin")
        self.state["symbols"]["XAUUSD"]["trade_tick_value_loss"] = float("nan")
        self.assertEqual(self.snapshot()["symbols"], [])

    def test_a_hidden_symbol_is_stated_where_something_is_held_in_it(self):
        self.execute(self.command(pre={"symbol": "HIDDEN"}, order={"symbol": "HIDDEN"}))
        self.state["symbols"]["HIDDEN"]["visible"] = False
        self.restart()
        names = [symbol["symbol"] for symbol in self.snapshot()["symbols"]]
        self.assertEqual(names, ["HIDDEN", "XAUUSD", "EURUSD"])

    def test_trading_is_allowed_only_where_account_and_terminal_both_do(self):
        self.state["trade_allowed"] = False
        self.assertFalse(self.snapshot()["account"]["trade_allowed"])
        self.state["trade_allowed"] = True
        self.state["account"]["trade_expert"] = False
        self.assertFalse(self.snapshot()["account"]["trade_allowed"])

    def test_history_begins_where_it_was_asked_to_and_the_terminal_is_asked_for_two_days_more(self):
        asked = []
        read = self.terminal.history_deals_get
        with mock.patch.object(self.terminal, "history_deals_get", lambda a, b: (asked.append((a, b)), read(a, b))[1]):
            for late_ms, expected in [(0, 1), (1, 0)]:
                self.state["deals"][0]["time_msc"] = START_MS - 86_400_000 + 3 * 3_600_000
                told = self.snapshot(START_MS - 86_400_000 + late_ms)
                self.assertEqual(len(told["deals"]), expected)
        begin, end = asked[-1]
        self.assertEqual(begin, (START_MS - 3 * 86_400_000 + 3 * 3_600_000) // 1000)
        self.assertGreater(end, (self.clock.wall_ms + 2 * 86_400_000) // 1000)

    def test_the_highest_magic_counts_what_only_the_journal_knows(self):
        self.state["on_send"] = "lost"
        with mock.patch.object(self.terminal, "order_send", return_value=None):
            self.execute(self.command())
        self.assertEqual((self.snapshot()["highest_magic"], self.state["sent"]), (str(MAGIC), []))
        self.restart()
        self.assertEqual(self.snapshot()["highest_magic"], str(MAGIC))

    def test_replies_count_up_and_a_new_process_is_a_new_boot(self):
        first, second = self.snapshot(), self.snapshot()
        self.assertEqual((first["boot_id"], first["seq"] + 1), (second["boot_id"], second["seq"]))
        self.restart()
        third = self.snapshot()
        self.assertNotEqual(third["boot_id"], first["boot_id"])
        self.assertEqual(third["seq"], 1)

    def test_a_comment_that_no_database_takes_is_cleaned(self):
        self.opened()
        self.state["positions"][0]["comment"] = "a\x00b\ud800c"
        self.assertEqual(self.snapshot()["positions"][0]["comment"], "a?b?c")

    def test_of_a_long_history_the_oldest_comes_first_and_orders_no_younger(self):
        deal = {"type": 2, "profit": 1.0}
        self.state["deals"] = [{**deal, "ticket": 10_000 - n, "time_msc": 1_000 * (10_000 - n)} for n in range(4_100)]
        order = {"symbol": "XAUUSD", "state": 2}
        self.state["history_orders"] = [
            {**order, "ticket": n, "time_done_msc": 1_000 * n, "time_setup_msc": 1} for n in (5_900, 9_900, 9_901)
        ]
        self.restart()
        told = self.snapshot()
        tickets = [int(deal["ticket"]) for deal in told["deals"]]
        self.assertEqual((tickets[0], tickets[-1], len(tickets)), (5_901, 9_900, 4_000))
        self.assertEqual([order["ticket"] for order in told["history_orders"]], ["5900", "9900"])
        self.assertEqual(told["deals_to"], iso_utc(9_901_000 - 2 * 3_600_000))
        rest = self.snapshot(parse_iso(told["deals_to"]))
        self.assertEqual([int(deal["ticket"]) for deal in rest["deals"]], list(range(9_901, 10_001)))
        self.assertEqual(([order["ticket"] for order in rest["history_orders"]], rest["deals_to"]), (["9901"], None))

    def test_a_page_is_cut_by_ended_orders_too_and_never_parts_what_is_of_one_moment(self):
        self.state["deals"] = [{"type": 2, "ticket": n, "time_msc": 60_000 * n} for n in (1, 5_000)]
        order = {"symbol": "XAUUSD", "state": 2, "time_setup_msc": 1}
        times = [*range(3_998), 4_500, 4_500, 4_500, 4_600]
        self.state["history_orders"] = [
            {**order, "ticket": n, "time_done_msc": 60_000 * at} for n, at in enumerate(times, start=1)
        ]
        self.restart()
        told = self.snapshot()
        self.assertEqual(len(told["history_orders"]), 3_998)
        self.assertEqual([deal["ticket"] for deal in told["deals"]], ["1"])
        rest = self.snapshot(parse_iso(told["deals_to"]))
        self.assertEqual([order["ticket"] for order in rest["history_orders"]], ["3999", "4000", "4001", "4002"])
        self.assertEqual(([deal["ticket"] for deal in rest["deals"]], rest["deals_to"]), (["5000"], None))

    def test_history_ends_where_it_was_asked_to_and_the_terminal_is_asked_for_two_days_more(self):
        asked = []
        read = self.terminal.history_deals_get
        self.state["deals"][0]["time_msc"] = START_MS - 86_400_000 + 3 * 3_600_000
        with mock.patch.object(self.terminal, "history_deals_get", lambda a, b: (asked.append((a, b)), read(a, b))[1]):
            for late_ms, expected in [(0, 0), (1, 1)]:
                to_ms = START_MS - 86_400_000 + late_ms
                told = self.snapshot(START_MS - 2 * 86_400_000, to_ms)
                self.assertEqual((len(told["deals"]), told["deals_to"]), (expected, iso_utc(to_ms)))
        self.assertEqual(asked[-1][1], (START_MS + 86_400_000 + 3 * 3_600_000) // 1000)


class Unsound(BridgeCase):
    def snapshot(self):
        return self.asked("snapshot", deals_from=None)

    def test_none_is_a_failed_section_and_never_an_empty_list(self):
        self.opened()
        for name, section in [
            ("positions_get", "positions"),
            ("orders_get", "orders"),
            ("history_deals_get", "deals"),
            ("history_orders_get", "history_orders"),
        ]:
            self.fails(name)
            told = self.snapshot()
            others = {key for key, ok in told["sections"].items() if not ok}
            self.assertEqual(others, {section})
            self.assertEqual(told[section], [])
            self.state["faults"].clear()
            self.assertEqual(set(self.snapshot()["sections"].values()), {True})

    def test_an_account_that_fails_the_second_time_shows_no_money(self):
        read, answers = self.terminal.account_info, []

        def once():
            answers.append(read() if len(answers) == 0 else None)
            return answers[-1]

        with mock.patch.object(self.terminal, "account_info", once):
            told = self.snapshot()
        self.assertEqual((told["sections"]["account"], told["account"]["equity"]), (False, "0"))
        self.assertEqual(told["account"]["login"], "500123")

    def test_without_an_account_or_a_terminal_there_is_no_snapshot(self):
        for name in ("account_info", "terminal_info"):
            self.fails(name)
            status, content = self.ask("snapshot", deals_from=None)
            self.assertEqual((status, content["error"]["code"]), (503, "terminal_unavailable"))
            self.state["faults"].clear()
        self.fails("account_info", -10004, "No IPC connection", times=1)
        self.fails("initialize", -10005, "IPC timeout", times=1)
        self.assertEqual([self.ask("snapshot", deals_from=None)[0] for _ in range(3)], [503, 503, 200])

    def test_positions_that_change_while_they_are_read_are_read_again_and_else_torn(self):
        self.opened()
        read = self.terminal.history_deals_get
        changes = []

        def changing(*window):
            if changes:
                self.state["positions"][0]["volume"] -= changes.pop()
            return read(*window)

        with mock.patch.object(self.terminal, "history_deals_get", changing):
            changes.extend([0.01])
            told = self.snapshot()
            self.assertTrue(told["sections"]["positions"])
            self.assertEqual(told["positions"][0]["volume"], "0.09")
            changes.extend([0.01, 0.01, 0.01])
            self.assertFalse(self.snapshot()["sections"]["positions"])

    def test_working_orders_are_read_before_ended_ones_and_positions_on_either_side(self):
        self.state["calls"].clear()
        self.snapshot()
        reads = ("positions_get", "orders_get", "history_deals_get", "history_orders_get", "account_info")
        calls = [name for name in self.state["calls"] if name in reads]
        begin = calls.index("positions_get")
        self.assertEqual(
            calls[begin : begin + 6],
            ["positions_get", "orders_get", "history_deals_get", "history_orders_get", "positions_get", "account_info"],
        )

    def test_an_account_that_changes_meanwhile_is_no_snapshot(self):
        read = self.terminal.history_deals_get

        def switching(*window):
            self.state["account"]["login"] += 1
            return read(*window)

        with mock.patch.object(self.terminal, "history_deals_get", switching):
            self.assertEqual(self.ask("snapshot", deals_from=None)[0], 503)

    def test_a_terminal_that_is_cut_off_says_so_and_its_history_counts_anew_when_it_is_back(self):
        self.state["connected"] = False
        told = self.snapshot()
        self.assertFalse(told["connected"] or told["sections"]["deals"])
        self.state["connected"] = True
        self.assertFalse(self.snapshot()["sections"]["deals"])
        self.clock.advance(self.settle_ms)
        self.assertTrue(self.snapshot()["sections"]["deals"])

    def test_a_history_that_grows_or_is_not_there_yet_is_not_believed(self):
        deposit = self.state["deals"].pop()
        self.restart(warm_up=False)
        for wait_ms in (0, self.settle_ms, self.settle_ms):
            self.clock.advance(wait_ms)
            sections = self.snapshot()["sections"]
            self.assertFalse(sections["deals"] or sections["history_orders"])
        self.state["deals"].append(deposit)
        self.assertFalse(self.snapshot()["sections"]["deals"])
        self.assertEqual(self.ask("lookup", cmd_id="c-1", magic=str(MAGIC))[0], 503)
        self.clock.advance(self.settle_ms)
        self.assertTrue(self.snapshot()["sections"]["deals"])
        self.assertEqual(self.ask("lookup", cmd_id="c-1", magic=str(MAGIC))[0], 200)

    def test_a_history_that_has_become_shorter_is_not_believed(self):
        self.opened()
        self.assertTrue(self.snapshot()["sections"]["deals"])
        self.state["deals"].pop()
        self.assertFalse(self.snapshot()["sections"]["deals"])
        self.clock.advance(self.settle_ms)
        self.assertTrue(self.snapshot()["sections"]["deals"])

    def test_more_than_the_protocol_takes_counts_as_not_read(self):
        self.opened()
        (one,) = self.state["positions"]
        self.state["positions"] = [{**one, "ticket": n} for n in range(2_001)]
        self.assertFalse(self.snapshot()["sections"]["positions"])


class Lookups(BridgeCase):
    def test_it_finds_all_that_carries_the_magic_and_all_of_the_position(self):
        ticket = self.opened(magic=MAGIC)
        self.state["deals"].append({"ticket": 77, "type": 1, "entry": 1, "position_id": int(ticket), "reason": 4})
        found = self.asked("lookup", cmd_id="elsewhere", magic=str(MAGIC))
        self.assertEqual((found["journal"], len(found["history_orders"]), len(found["positions"])), ("absent", 1, 1))
        self.assertEqual([deal["entry"] for deal in found["deals"]], ["in", "out"])

    def test_what_cannot_be_read_is_no_answer(self):
        for name in ("positions_get", "orders_get", "history_orders_get", "history_deals_get", "history_deals_total"):
            self.fails(name)
            self.assertEqual(self.ask("lookup", cmd_id="c-1", magic=str(MAGIC))[0], 503, name)
            self.state["faults"].clear()
        self.state["connected"] = False
        self.assertEqual(self.ask("lookup", cmd_id="c-1", magic=str(MAGIC))[0], 503)


class ServerClock(BridgeCase):
    def snapshot(self):
        return self.asked("snapshot", deals_from=None)

    def test_a_server_on_another_clock_than_configured_is_reported_once_the_quotes_prove_it(self):
        self.state["offset_ms"] = 2 * 3_600_000
        self.assertNotIn("measured_offset_seconds", self.snapshot())
        self.clock.advance(60_000)
        told = self.snapshot()
        self.assertEqual((told["server_offset_seconds"], told["measured_offset_seconds"]), (10_800, 7_200))
        for _ in range(2):
            self.assertEqual([event for event, _ in self.logged].count("server-clock-disagrees"), 1)
            self.clock.advance(60_000)
            self.snapshot()
        ends = {"type": "buy_limit", "price": "2000", "expires_at": iso_utc(self.clock.wall_ms + 3_600_000)}
        self.assertEqual(self.execute(self.command("place", ends))["reason"], "server_clock_disagrees")
        self.state["offset_ms"] += 3_600_000
        self.clock.advance(60_000)
        self.assertNotIn("measured_offset_seconds", self.snapshot())
        evidence = {"magic": "32", "comment": ""}
        self.assertEqual(self.execute(self.command("place", ends, cmd_id="c", evidence=evidence))["outcome"], "placed")

    def test_quotes_that_stand_still_prove_nothing(self):
        for symbol in self.state["symbols"].values():
            symbol["time"] = (START_MS - 40 * 3_600_000) // 1000
        for _ in range(3):
            self.clock.advance(60_000)
            self.assertNotIn("measured_offset_seconds", self.snapshot())

    def test_a_quote_that_is_newer_than_one_of_long_ago_may_itself_be_old(self):
        self.snapshot()
        self.clock.advance(60 * 3_600_000)
        for symbol in self.state["symbols"].values():
            symbol["time"] = (self.clock.wall_ms - 40 * 3_600_000) // 1000
        self.assertNotIn("measured_offset_seconds", self.snapshot())

    def test_a_server_whose_clock_is_a_little_ahead_is_believed(self):
        self.state["symbols"]["XAUUSD"]["time"] = (self.clock.wall_ms + 3 * 3_600_000) // 1000 + 7
        told = self.snapshot()
        self.assertEqual(told["server_now"], iso_utc(self.clock.wall_ms // 1000 * 1000 + 7_000))
        self.assertEqual(told["captured_at"], iso_utc(self.clock.wall_ms))


if __name__ == "__main__":
    unittest.main()
