"""Remembers the nonces of proven requests for 15 minutes, restarts and crashes included.

Invariant: `claim` says yes at most once to a nonce within that time, and only once the nonce is on the disk.
"""
from __future__ import annotations

import threading
from pathlib import Path

from .append_log import AppendLog
from .clock import SystemClock

KEEP_MS = 15 * 60_000
#: Lines of the file before the old ones among them are dropped.
MAX_LINES = 10_000


class NonceMemory:
    """The memory of one bridge; may be asked from several threads."""

    def __init__(self, folder: Path, clock: SystemClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[str, int] = {}
        self._log = AppendLog(folder / "nonces.jsonl", lambda entry: self._seen.update({entry[0]: entry[1]}))
        self._lines = len(self._seen)
        self._forget(clock.now_ms())

    def claim(self, nonce: str) -> bool:
        """True where the nonce was not used lately; it is then used. Raises LogBroken where it cannot be kept."""
        with self._lock:
            now_ms = self._clock.now_ms()
            if self._lines >= MAX_LINES:
                self._forget(now_ms)
            if nonce in self._seen:
                return False
            self._log.append([nonce, now_ms])
            self._seen[nonce] = now_ms
            self._lines += 1
            return True

    def close(self) -> None:
        """Lets go of the file."""
        self._log.close()

    def _forget(self, now_ms: int) -> None:
        kept = {nonce: at for nonce, at in self._seen.items() if at >= now_ms - KEEP_MS}
        if len(kept) == self._lines:
            return
        self._seen = kept
        self._log.rewrite([nonce, at] for nonce, at in kept.items())
        self._lines = len(kept)
