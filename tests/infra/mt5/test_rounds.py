"""What the bridge does by itself: when its guard looks, and when the terminal is looked after."""
import unittest
from unittest import mock

from stage import BridgeCase

from countersign_mt5.rounds import run_rounds
from countersign_mt5.utc_text import iso_utc


class Rounds(BridgeCase):
    def setUp(self):
        super().setUp()
        self.bridge.guard()
        self.begun_ms = self.clock.wall_ms
        self.hurried = []

    def order(self, version, close_ms=None):
        """From so many milliseconds after the beginning on everything is to be closed; None: nothing is."""
        at = iso_utc(self.begun_ms + (close_ms or 0))
        close = None if close_ms is None else {"trip_id": f"t-{close_ms}", "not_before": at, "revocable": True}
        account = {"version": version, "login": "500123", "server": "Demo-Server", "namespace": 7}
        figures = {"units": "10000", "peak": "1", "balance": "10000", "credit": "0", "booked_to": "1"}
        bounds = {"trip_bps": 2000, "hard_bps": 2500, "equity_floor": None, "warning_ms": 10_000}
        rest = {"armed": True, "scope": "all", "close": close, "latched": False}
        self.asked("guard", guard={**account, **figures, **bounds, **rest})

    def passed_ms(self):
        return self.clock.wall_ms - self.begun_ms

    def run_for(self, duration_ms, meanwhile=None):
        """The rounds for so long; what happens `meanwhile`, by the time after the beginning from which on it does."""
        self.waits = []
        ahead = dict(meanwhile or {})
        until_ms = self.passed_ms() + duration_ms

        def wait(ms):
            self.waits.append(ms)
            self.clock.advance(ms)
            for at_ms in [at_ms for at_ms in ahead if at_ms <= self.passed_ms()]:
                ahead.pop(at_ms)()
            return self.passed_ms() >= until_ms

        run_rounds(self.bridge, self.clock, lambda: self.hurried.append(self.passed_ms()), wait)

    def looked_at(self, duration_ms):
        """When the guard looked."""
        looks, real = [], self.bridge.guard
        with mock.patch.object(self.bridge, "guard", lambda: looks.append(self.passed_ms()) or real()):
            self.run_for(duration_ms)
        return looks

    def test_the_guard_looks_every_two_seconds_and_waits_are_short(self):
        self.order(1)
        self.assertEqual(self.looked_at(8_500), [2_000, 4_000, 6_000, 8_000])
        self.assertLessEqual(max(self.waits), 250)

    def test_it_closes_at_the_very_moment_that_was_ordered(self):
        self.opened()
        self.order(1, 5_123)
        self.assertEqual(self.looked_at(9_500), [2_000, 4_000, 5_123, 7_123, 9_123])
        self.assertEqual(self.hurried, [2_000, 5_123, 9_123])
        self.assertEqual(len(self.state["sent"]), 1)

    def test_an_order_whose_moment_is_over_is_carried_out_at_once(self):
        self.opened()
        self.order(1)
        self.run_for(3_200, {2_600: lambda: self.order(2, 900)})
        self.assertEqual(self.hurried, [2_750])
        self.assertEqual(len(self.state["sent"]), 1)

    def test_what_could_not_be_done_at_its_moment_is_tried_again_by_the_grid(self):
        self.opened()
        self.order(1, 1_000)
        self.fails("positions_get", times=1)
        self.assertEqual(self.looked_at(6_500), [1_000, 3_000, 5_000])
        self.assertEqual(len(self.state["sent"]), 1)

    def test_the_terminal_is_looked_after_every_five_seconds(self):
        with mock.patch.object(self.bridge, "look") as look:
            self.run_for(15_400)
        self.assertEqual(look.call_count, 3)


if __name__ == "__main__":
    unittest.main()
