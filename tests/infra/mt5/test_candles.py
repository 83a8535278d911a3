"""Closed bars: which of them, in whose time, and what is said where there are none."""
import unittest
from unittest import mock

from stage import START_MS, BridgeCase

from countersign_mt5.utc_text import iso_utc

HOUR = 3_600_000
M1, H1, D1 = 1, 16385, 16408
#: The hour that the test's clock stands in began here.
NOW_HOUR = START_MS // HOUR * HOUR


class Candles(BridgeCase):
    def setUp(self):
        super().setUp()
        self.bars(H1, [NOW_HOUR - n * HOUR for n in range(9, -1, -1)])

    def bars(self, timeframe, times_ms):
        row = {"open": 2034.1, "high": 2036.5, "low": 2033.0, "close": 2035.75, "tick_volume": 812}
        self.state["bars"][f"XAUUSD/{timeframe}"] = [{"time": (at + 3 * HOUR) // 1000, **row} for at in times_ms]

    def ask_bars(self, **members):
        wanted = {"symbol": "XAUUSD", "timeframe": "H1", "count": 5_000, "from": None, "to": None, **members}
        for key in ("from", "to"):
            wanted[key] = wanted[key] and iso_utc(wanted[key])
        return self.ask("candles", **wanted)

    def times(self, **members):
        status, content = self.ask_bars(**members)
        self.assertEqual(status, 200, content)
        return [bar["time"] for bar in content["candles"]]

    def test_a_bar_is_told_in_utc_and_at_the_symbols_digits(self):
        _, content = self.ask_bars(count=1)
        figures = {"open": "2034.10", "high": "2036.50", "low": "2033.00", "close": "2035.75", "volume": "812"}
        self.assertEqual(content["candles"], [{"time": iso_utc(NOW_HOUR - HOUR), **figures}])

    def test_without_a_beginning_they_are_the_newest_and_with_one_the_first(self):
        hours = [iso_utc(NOW_HOUR - n * HOUR) for n in range(9, 0, -1)]
        self.assertEqual(self.times(), hours)
        self.assertEqual(self.times(count=2), hours[-2:])
        self.assertEqual(self.times(**{"from": NOW_HOUR - 9 * HOUR}, count=2), hours[:2])
        window = {"from": NOW_HOUR - 5 * HOUR, "to": NOW_HOUR - 3 * HOUR}
        self.assertEqual(self.times(**window), hours[4:6])
        self.assertEqual(self.times(to=NOW_HOUR - 3 * HOUR, count=1), hours[5:6])
        self.assertEqual(self.times(**{"from": NOW_HOUR + HOUR}), [])

    def test_a_bar_that_has_just_ended_is_left_out_and_server_now_says_so(self):
        for late_ms, count in [(1_999, 8), (2_000, 9)]:
            self.clock.wall_ms = NOW_HOUR + late_ms
            self.restart()
            self.clock.wall_ms = NOW_HOUR + late_ms
            _, content = self.ask_bars()
            self.assertEqual(len(content["candles"]), count)
            self.assertEqual(content["server_now"], iso_utc(NOW_HOUR + late_ms - 2_000))

    def test_a_day_ends_when_the_servers_day_does(self):
        midnight = NOW_HOUR // (24 * HOUR) * 24 * HOUR - 3 * HOUR
        self.bars(D1, [midnight - 24 * HOUR, midnight])
        self.assertEqual(self.times(timeframe="D1"), [iso_utc(midnight - 24 * HOUR)])

    def test_none_is_no_answer_and_an_empty_list_is_one(self):
        self.state["bars"].clear()
        self.assertEqual(self.times(), [])
        for name, members in [("copy_rates_from", {}), ("copy_rates_range", {"from": NOW_HOUR - 9 * HOUR})]:
            self.fails(name, -4, "Terminal: Not found")
            self.assertEqual(self.ask_bars(**members)[0], 503)
            self.state["faults"].clear()

    def test_bars_that_are_still_being_fetched_are_waited_for(self):
        read, lengths = self.terminal.copy_rates_from, [None, 2, 5, 5]

        def fetching(*arguments):
            length = lengths.pop(0)
            return None if length is None else read(*arguments)[-length - 1 :]

        with mock.patch.object(self.terminal, "copy_rates_from", fetching):
            self.assertEqual(len(self.times()), 5)
        self.assertEqual(lengths, [])

    def test_a_symbol_that_there_is_not_and_a_window_that_is_too_long_are_named(self):
        status, content = self.ask_bars(symbol="NOPE")
        self.assertEqual((status, content["error"]["code"]), (404, "unknown_symbol"))
        status, content = self.ask_bars(timeframe="M1", **{"from": NOW_HOUR - 50_002 * 60_000})
        self.assertEqual((status, content["error"]["code"]), (422, "window_too_long"))
        self.bars(M1, [])
        self.assertEqual(self.times(timeframe="M1", **{"from": NOW_HOUR - 49_900 * 60_000}), [])


class Envelopes(BridgeCase):
    def test_what_is_none_is_refused_and_does_nothing(self):
        sent_at = iso_utc(self.clock.wall_ms)
        good = {"v": 1, "kind": "snapshot", "request_id": "r", "sent_at": sent_at, "deals_from": None}
        execute = {**good, "kind": "execute", "command": self.command()}
        command = execute["command"]
        bodies = [
            b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000,
            *[{**good, **change} for change in (
                {"v": 2}, {"v": True}, {"v": "1"}, {"kind": "other"}, {"kind": ["snapshot"]}, {"request_id": ""},
                {"request_id": 7}, {"sent_at": "now"}, {"sent_at": None}, {"deals_from": "2026-01-01"},
                {"deals_from": 5},
            )],
            *[{**execute, "command": {**command, **change}} for change in (
                {"cmd_id": ""}, {"cmd_id": "a/b"}, {"attempt": 16}, {"attempt": -1}, {"attempt": 1.0},
                {"attempt": True}, {"kind": "close_all"}, {"expires_at": 1}, {"pre": None}, {"order": []},
                {"evidence": {"magic": 7, "comment": ""}}, {"evidence": {"magic": "-7", "comment": ""}},
                {"order": {**command["order"], "volume": 0.1}}, {"order": {**command["order"], "volume": "1e3"}},
                {"order": {**command["order"], "price": "-5"}}, {"order": {**command["order"], "type": "hold"}},
                {"order": {**command["order"], "deviation_points": "5"}},
                {"order": {**command["order"], "position_ticket": 7}},
            )],
            {**good, "kind": "candles", "symbol": "X", "timeframe": "H2"},
            {**good, "kind": "candles", "symbol": "X", "timeframe": "H1", "count": 0},
            {**good, "kind": "candles", "symbol": "X", "timeframe": "H1", "count": 5_001},
            {**good, "kind": "lookup", "cmd_id": "c", "magic": 7},
        ]  # fmt: skip
        import json

        for body in bodies:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            with self.subTest(str(body)[:200]):
                self.assertEqual(self.bridge.answer(raw)[0], 422)
        nan = json.dumps({**execute, "command": {**command, "attempt": float("nan")}}).encode()
        self.assertEqual(self.bridge.answer(nan)[0], 422)
        self.assertEqual(self.state["sent"], [])

    def test_what_a_newer_cloud_says_beyond_this_is_ignored(self):
        command = {**self.command(order={"colour": "red", "price": None}), "revocable": True}
        told = self.asked("execute", command=command, lease_epoch=7)
        self.assertEqual(told["result"]["outcome"], "done")


if __name__ == "__main__":
    unittest.main()
