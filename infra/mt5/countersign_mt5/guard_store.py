"""What the guard remembers, and what it did (`guard.jsonl`).

Invariants: a state is on the disk before anything is done by it; a restart counts samples, and the cloud's silence, anew,
and forgets nothing else.
"""
from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any

from .append_log import AppendLog, LogBroken
from .envelope import Malformed, read_guard_order
from .guard_order import GuardState, lasting_part, state_entry, state_of

#: Lines of the file before all but the last of them are dropped.
MAX_LINES = 10_000
#: What is kept of what it did.
_RESULTS = 1_000


class GuardStore:
    """The memory of one guard. To be used by one thread at a time."""

    def __init__(self, folder: Path) -> None:
        """Reads `guard.jsonl`. Raises LogBroken where it is not as this class wrote it."""
        self.state = GuardState()
        #: When the figures that the guard judges by were taken; deals are read from a while before on.
        self.anchored_ms = 0
        self._results: deque[dict[str, Any]] = deque(maxlen=_RESULTS)
        self._lines = 0
        self._log = AppendLog(folder / "guard.jsonl", self._apply)

    def put(self, state: GuardState, anchored_ms: int | None = None) -> None:
        """Keeps a state; on the disk where a restart would miss what has changed. Raises LogBroken where it is not."""
        is_lasting = lasting_part(state) != lasting_part(self.state) or anchored_ms is not None
        self.state = state
        if anchored_ms is not None:
            self.anchored_ms = anchored_ms
        if is_lasting:
            self._append(self._entry())

    def keep_result(self, result: dict[str, Any]) -> None:
        """Keeps what was done and what the trade server answered. Raises LogBroken where it is not on the disk."""
        self._results.append(result)
        self._append({"kind": "result", "result": result})

    def results(self) -> list[dict[str, Any]]:
        """The last of what it did, the oldest first."""
        return list(self._results)

    def close(self) -> None:
        """Lets go of the file."""
        self._log.close()

    def _entry(self) -> dict[str, Any]:
        return {"kind": "state", "anchored_ms": self.anchored_ms, "state": state_entry(self.state)}

    def _append(self, entry: dict[str, Any]) -> None:
        if self._lines >= MAX_LINES:
            kept = [{"kind": "result", "result": result} for result in self._results]
            self._log.rewrite([*kept, self._entry()])
            self._lines = len(kept) + 1
            return
        self._log.append(entry)
        self._lines += 1

    def _apply(self, entry: Any) -> None:
        self._lines += 1
        try:
            if entry["kind"] == "result":
                self._results.append(entry["result"])
                return
            said = entry["state"]["order"]
            self.state = state_of(entry["state"], None if said is None else read_guard_order(said))
            self.anchored_ms = int(entry["anchored_ms"])
        except (KeyError, TypeError, ValueError, ArithmeticError, Malformed) as cause:
            raise LogBroken("guard.jsonl: an entry that this bridge never wrote") from cause
