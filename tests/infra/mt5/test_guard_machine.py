"""The bridge's own guard, by the table of cases that the simulated broker runs as well."""
import json
import unittest
from decimal import Decimal

from stage import ROOT

from countersign_mt5.envelope import read_guard_order
from countersign_mt5.guard_machine import guard_acted, guard_ordered, guard_step, guard_told
from countersign_mt5.guard_order import (
    Booked,
    CancelOrder,
    GuardState,
    Held,
    Sample,
    Working,
    guard_report,
    plain,
    state_entry,
    state_of,
)
from countersign_mt5.guard_pace import guard_met_ms, guard_rest_ms
from countersign_mt5.utc_text import parse_iso

TABLE = json.loads((ROOT / "tests/infra/guard-cases.json").read_text())
BEGINS_MS = parse_iso(TABLE["begins"])


def at_ms(seconds):
    return BEGINS_MS + round(seconds * 1000)


def sample_of(step):
    said = {**TABLE["sample"], **step["sample"]}
    quote = ("1", "1.1", at_ms(step.get("quoted", step["at"])))
    return Sample(
        at_ms=at_ms(step["at"]),
        silent_ms=round(step.get("silent", 0) * 1000),
        login=said["login"],
        server=said["server"],
        **{name: Decimal(said[name]) for name in ("balance", "credit", "equity")},
        positions=[held(*row) for row in said["positions"]],
        orders=[working(TABLE["orders"][name]) for name in said["orders"]],
        deals=[Booked(int(ticket), kind, Decimal(money)) for ticket, kind, money in said["deals"]],
        quotes={"XAUUSD": quote, "EURUSD": quote},
        is_readable=said.get("is_readable", True),
    )


def held(name, profit, other=None):
    row = {**TABLE["positions"][name], "profit": profit, **(other or {})}
    numbers = {name: Decimal(row[name]) for name in ("volume", "profit", "swap")}
    return Held(int(row["ticket"]), int(row["magic"]), row["symbol"], row["side"], **numbers)


def working(row):
    return Working(int(row["ticket"]), int(row["magic"]), row["symbol"])


def told(action):
    if isinstance(action, CancelOrder):
        return f"cancel {action.ticket}"
    return f"close {action.ticket} {action.side} {plain(action.volume)} {action.deviation_points}"


def rested(state, at, since, met=None):
    """For how long it may rest, and the moment that a look would meet, in seconds."""
    met_ms = None if met is None else at_ms(met)
    next_ms = guard_met_ms(state, at_ms(at), met_ms)
    return {
        "rest": guard_rest_ms(state, at_ms(at), round(since * 1000), met_ms) / 1000,
        "met": None if next_ms is None else (next_ms - BEGINS_MS) / 1000,
    }


def after(state, now_ms, step):
    """The state behind a step, and what it showed."""
    if "order" in step:
        terminal = step.get("terminal", TABLE["order"])
        order = read_guard_order({**TABLE["order"], **step["order"]})
        return guard_ordered(state, order, terminal["login"], terminal["server"]), {}
    if "acted" in step:
        return guard_acted(state, int(step["acted"]["ticket"]), step["acted"]["retcode"], now_ms), {}
    if "told" in step:
        return guard_told(state), {}
    if "rest" in step:
        return state, rested(state, **step["rest"])
    if "restart" in step:
        kept = json.loads(json.dumps(state_entry(state)))
        return state_of(kept, None if kept["order"] is None else read_guard_order(kept["order"])), {}
    done = guard_step(state, sample_of(step))
    shown = {"actions": [told(action) for action in done.actions], "rejected": done.rejected, "urgent": done.is_urgent}
    return done.state, shown


class GuardMachine(unittest.TestCase):
    def test_the_cases_of_the_table(self):
        self.assertGreater(len(TABLE["cases"]), 40)
        for case in TABLE["cases"]:
            state, now_ms = GuardState(), BEGINS_MS
            for index, step in enumerate(case["steps"]):
                now_ms = at_ms(step["at"]) if "at" in step else now_ms
                state, shown = after(state, now_ms, step)
                shown = {"actions": [], **shown, **guard_report(state)}
                shown = {**shown, "units": plain(state.units), "peak": plain(state.peak)}
                with self.subTest(case=case["name"], step=index):
                    expected = step.get("expect", {})
                    self.assertEqual({name: shown[name] for name in expected}, expected)

    def test_a_state_outlives_the_file_whole(self):
        state = GuardState()
        for case in TABLE["cases"]:
            state, now_ms = GuardState(), BEGINS_MS
            for step in case["steps"]:
                now_ms = at_ms(step["at"]) if "at" in step else now_ms
                state, _ = after(state, now_ms, step)
                again, _ = after(state, now_ms, {"restart": True})
                self.assertEqual(again, state)


if __name__ == "__main__":
    unittest.main()
