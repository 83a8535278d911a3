"""One proven request in, one reply out, whatever way they travel.

Invariants: one request at a time at the terminal; nothing is answered in substance that was not read for this
request; a failure says so with a status of its own, and never passes for an empty answer.
"""
from __future__ import annotations

import json
import threading
import uuid
from dataclasses import dataclass
from typing import Any

from .bridge_log import Log
from .candles import UnknownSymbol, WindowTooLong, candles
from .clock import SystemClock
from .clock_offset import ClockOffset
from .cloud_clock import CloudClock
from .command_journal import CommandJournal
from .envelope import (
    CandlesRequest,
    Envelope,
    ExecuteRequest,
    GuardRequest,
    LookupRequest,
    Malformed,
    SnapshotRequest,
    parse_envelope,
    read_guard_order,
)
from .execute import Executor
from .guard import Guard
from .guard_store import GuardStore
from .history import History
from .lookup import NotReady, look_up
from .market_watch import MarketWatch
from .server_time import ServerTime
from .snapshot import Snapshots
from .terminal import Terminal, TerminalError

PROTOCOL_VERSION = 1
#: The cloud waits 10 s: who has not had a turn by then is not waited for any more, and nothing was done for him.
_TURN_SECONDS = 8
_STOP_SECONDS = 20
#: Who has the terminal for longer is waited for at the next look.
_GUARD_TURN_SECONDS = 1
_LOOK_AGAIN_MS = 250
#: A message that claims to be of another time than its signature says tells nothing about the clock.
_MAX_SKEW_MS = 305_000
Said = tuple[int, dict[str, Any]]


@dataclass(frozen=True)
class Parts:
    """What a bridge is made of."""

    terminal: Terminal
    history: History
    journal: CommandJournal
    guard: GuardStore
    server_time: ServerTime
    clock: SystemClock
    cloud: CloudClock
    log: Log


class Bridge:
    """Answers for one terminal; may be asked from several threads."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        terminal, history, journal, log = parts.terminal, parts.history, parts.journal, parts.log
        server_time, cloud = parts.server_time, parts.cloud
        self._watch = MarketWatch(terminal, parts.clock)
        offset = ClockOffset()
        self._snapshots = Snapshots(terminal, history, journal, self._watch, server_time, offset, cloud, log)
        self._guard = Guard(terminal, history, parts.guard, server_time, parts.clock, cloud, log)
        self._executor = Executor(terminal, history, journal, server_time, offset, cloud, log)
        self._is_ready: bool | None = None
        self._turn = threading.Lock()
        self._numbering = threading.Lock()
        self._boot_id = str(uuid.uuid4())
        self._seq = 0

    def answer(self, body: bytes) -> tuple[int, bytes]:
        """Status and body of the reply to a proven request that has just come. Never raises."""
        self._guard.hear()
        try:
            envelope = parse_envelope(body)
        except Malformed:
            fault = _fault(422, "invalid_envelope", "the body is no envelope of version 1")
            return fault[0], _encoded(self._numbered(None, fault[1]))
        if abs(envelope.sent_ms - self._parts.clock.now_ms()) <= _MAX_SKEW_MS:
            self._parts.cloud.heard(envelope.sent_ms)
        status, content = self.answer_to(envelope)
        return status, _encoded(content)

    def answer_to(self, envelope: Envelope) -> Said:
        """The same, for what may have been under way for a while. Never raises."""
        started_ms = self._parts.clock.monotonic_ms()
        status, content = self._in_turn(envelope)
        self._parts.log(
            "answered",
            kind=envelope.kind,
            request_id=envelope.request_id,
            status=status,
            ms=self._parts.clock.monotonic_ms() - started_ms,
            **_outcome_of(content),
        )
        return status, content

    def warm_up(self, patience_ms: int) -> bool:
        """Connects and waits until the terminal's history can be believed; False where that takes longer."""
        clock = self._parts.clock
        until_ms = clock.monotonic_ms() + patience_ms
        while not self.look():
            if clock.monotonic_ms() >= until_ms:
                return False
            clock.sleep_ms(_LOOK_AGAIN_MS)
        return True

    def look(self) -> bool:
        """Connects where the terminal was lost, and notices when it is cut off or ready again; whether it is ready.

        To be called every few seconds: what happens between two requests would else be noticed by the second.
        """
        if not self._turn.acquire(blocking=False):
            return bool(self._is_ready)
        cause, is_ready = "", False
        try:
            self._parts.terminal.connect()
            account, info = self._parts.terminal.account(), self._parts.terminal.info()
            is_ready = self._parts.history.is_whole(account, bool(info.connected))
        except TerminalError as error:
            cause = str(error)
        finally:
            self._turn.release()
        if is_ready != self._is_ready:
            self._parts.log("terminal-ready" if is_ready else "terminal-not-ready", cause=cause)
        self._is_ready = is_ready
        return is_ready

    def guard_rest_ms(self) -> int:
        """For how long the guard may rest, whoever else is heard; an order that comes meanwhile may shorten it."""
        return self._guard.rest_ms()

    def guard(self) -> bool:
        """Has the guard look at the terminal; whether the cloud should hear of it at once. Never raises.

        To be called when it has rested.
        """
        if not self._turn.acquire(timeout=_GUARD_TURN_SECONDS):
            return False
        try:
            return self._guard.look()
        except TerminalError as error:
            # Whether the terminal is there is noticed, and told, by `look`.
            self._parts.log("guard-blind", cause=str(error))
        except Exception as error:
            self._parts.log("failed", kind="guard", cause=repr(error))
        finally:
            self._turn.release()
        return False

    def order_guard(self, said: Any) -> None:
        """The cloud has been heard by the poll, and this is what it said to the guard; None: nothing. Never raises."""
        self._guard.hear()
        if said is None:
            return
        with self._turn:
            try:
                self._parts.terminal.connect()
                self._guard.take(read_guard_order(said))
            except (Malformed, TerminalError) as fault:
                self._parts.log("guard-order-lost", cause=str(fault))

    def close(self) -> None:
        """Waits a while for whoever has the terminal, and lets go of it."""
        if self._turn.acquire(timeout=_STOP_SECONDS):
            self._parts.terminal.disconnect()
            self._parts.journal.close()
            self._parts.guard.close()

    def _in_turn(self, envelope: Envelope) -> Said:
        """Numbered while the turn lasts, so that of two replies the later number was read later."""
        if not self._turn.acquire(timeout=_TURN_SECONDS):
            status, content = _fault(503, "busy", "another request has the terminal")
            return status, self._numbered(envelope, content)
        try:
            status, content = self._tried(envelope)
            return status, self._numbered(envelope, content)
        finally:
            self._turn.release()

    def _tried(self, envelope: Envelope) -> Said:
        try:
            return 200, self._content(envelope)
        except UnknownSymbol:
            return _fault(404, "unknown_symbol", "the broker has no such symbol")
        except WindowTooLong:
            return _fault(422, "window_too_long", "more bars than one request may ask for")
        except (TerminalError, NotReady) as error:
            self._parts.log("terminal-unavailable", kind=envelope.kind, cause=str(error))
            return _fault(503, "terminal_unavailable", "the terminal does not answer, or not completely")
        except Exception as error:
            self._parts.log("failed", kind=envelope.kind, cause=repr(error))
            return _fault(500, "internal", "the bridge failed")

    def _content(self, envelope: Envelope) -> dict[str, Any]:
        parts, request = self._parts, envelope.request
        if isinstance(request, ExecuteRequest):
            return {"result": self._executor.execute(request.command)}
        parts.terminal.connect()
        if isinstance(request, SnapshotRequest):
            if request.guard is not None:
                self._guard.take(request.guard)
            taken = self._snapshots.take(request.deals_from_ms, request.deals_to_ms)
            return {**taken, "guard": self._guard.report()}
        if isinstance(request, GuardRequest):
            self._guard.take(request.order)
            return {"guard": self._guard.report()}
        if isinstance(request, LookupRequest):
            return look_up(request, parts.terminal, parts.history, parts.journal, self._watch, parts.server_time)
        assert isinstance(request, CandlesRequest)
        return candles(request, parts.terminal, parts.server_time, parts.clock, parts.cloud.now_ms())

    def _numbered(self, envelope: Envelope | None, content: dict[str, Any]) -> dict[str, Any]:
        with self._numbering:
            self._seq += 1
            seq = self._seq
        return {
            "v": PROTOCOL_VERSION,
            "kind": None if envelope is None else envelope.kind,
            "request_id": None if envelope is None else envelope.request_id,
            "boot_id": self._boot_id,
            "seq": seq,
            **content,
        }


def _encoded(content: dict[str, Any]) -> bytes:
    return json.dumps(content, allow_nan=False).encode("ascii")


def _fault(status: int, code: str, message: str) -> Said:
    return status, {"error": {"code": code, "message": message}}


def _outcome_of(content: dict[str, Any]) -> dict[str, Any]:
    result = content.get("result")
    if not isinstance(result, dict) or "outcome" not in result:
        return {}
    return {name: result[name] for name in ("cmd_id", "attempt", "outcome", "retcode", "reason")}
