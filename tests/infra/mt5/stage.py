"""What the tests share: a bridge over a fake terminal, on a clock that stands still and a folder that outlives it."""
import json
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "infra/mt5"))

from countersign_mt5.bridge import Bridge, Parts  # noqa: E402
from countersign_mt5.cloud_clock import CloudClock  # noqa: E402
from countersign_mt5.command_journal import CommandJournal  # noqa: E402
from countersign_mt5.guard_store import GuardStore  # noqa: E402
from countersign_mt5.history import History  # noqa: E402
from countersign_mt5.server_time import ServerTime  # noqa: E402
from countersign_mt5.terminal import Terminal  # noqa: E402
from countersign_mt5.utc_text import iso_utc  # noqa: E402
from fake_terminal import FakeTerminal, new_state  # noqa: E402

#: Monday 6 July 2026, 10:00 UTC: a server at NY+7 is three hours ahead.
START_MS = 1_783_332_000_000
MAGIC = 7_696_581_394_448


class TestClock:
    """Stands still until it is moved; a wait moves it."""

    def __init__(self, now_ms=START_MS):
        self.wall_ms = now_ms
        self.steady_ms = 5_000_000

    def now_ms(self):
        return self.wall_ms

    def monotonic_ms(self):
        return self.steady_ms

    def sleep_ms(self, duration_ms):
        self.advance(duration_ms)

    def advance(self, duration_ms):
        self.wall_ms += duration_ms
        self.steady_ms += duration_ms


class _TerminalOnClock(FakeTerminal):
    def __init__(self, state, clock):
        super().__init__(state)
        self.clock = clock

    def now_ms(self):
        return self.clock.wall_ms


class BridgeCase(unittest.TestCase):
    """A bridge whose terminal is ready; `restart` is a new process over the same folder and broker."""

    settle_ms = 5_000

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="countersign-mt5-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.clock = TestClock()
        self.terminal = _TerminalOnClock(new_state(), self.clock)
        self.state = self.terminal.state
        self.logged = []
        self.journal = None
        self.restart()

    def restart(self, warm_up=True):
        if self.journal is not None:
            self.journal.close()
            self.guard_store.close()
        self.journal, self.guard_store = CommandJournal(self.folder), GuardStore(self.folder)
        for log in (self.journal, self.guard_store):
            self.addCleanup(lambda log=log: log in (self.journal, self.guard_store) and log.close())
        terminal = Terminal(self.terminal, None, False)
        self.cloud = CloudClock(self.clock)
        history = History(terminal, self.clock, self.settle_ms)
        log = lambda event, **fields: self.logged.append((event, fields))
        self.bridge = Bridge(
            Parts(terminal, history, self.journal, self.guard_store, ServerTime("NY+7"), self.clock, self.cloud, log)
        )
        if warm_up:
            self.assertTrue(self.bridge.warm_up(30_000))

    def ask(self, kind, **members):
        """Status and content of the reply to an envelope that was made just now."""
        head = {"v": 1, "kind": kind, "request_id": "r-1", "sent_at": iso_utc(self.clock.wall_ms)}
        status, body = self.bridge.answer(json.dumps({**head, **members}).encode())
        return status, json.loads(body)

    def asked(self, kind, **members):
        """The content of a reply that must be one."""
        status, content = self.ask(kind, **members)
        self.assertEqual(status, 200, content)
        return content

    def execute(self, command):
        return self.asked("execute", command=command)["result"]

    def lookup(self, command):
        return self.asked("lookup", cmd_id=command["cmd_id"], magic=command["evidence"]["magic"])

    def command(self, kind="open", order=None, pre=None, **over):
        """A market buy of gold, but for what is said."""
        return {
            **{"cmd_id": "c-1", "attempt": 0, "kind": kind, "expires_at": iso_utc(self.clock.wall_ms + 30_000)},
            "pre": {"login": "500123", "server": "Demo-Server", "symbol": "XAUUSD", **(pre or {})},
            "order": {"symbol": "XAUUSD", "type": "buy", "volume": "0.10", **(order or {})},
            "evidence": {"magic": str(MAGIC), "comment": "cs0123456789ab"},
            **over,
        }

    def opened(self, cmd_id="opening", magic=16):
        """The ticket of a position of 0.10 gold that an earlier command has opened."""
        evidence = {"magic": str(magic), "comment": "cs0123456789ab"}
        result = self.execute(self.command(cmd_id=cmd_id, evidence=evidence))
        self.assertEqual(result["outcome"], "done")
        self.state["sent"].clear()
        return result["order"]

    def fails(self, name, code=-1, words="Terminal: Call failed", times=1_000_000):
        """From now on a function of the package answers None."""
        self.state["faults"][name] = [code, words, times]
