"""A file of JSON lines that only grows.

Invariants: what `append` returned from is on the disk; a line is wholly there or not there at all. A line that a crash
cut off was never acknowledged and is removed when the file is opened; a broken line anywhere else means that somebody
else wrote in the file, and opening it fails. After a failed write nothing is appended any more.
"""
from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Callable, Iterable


class LogBroken(Exception):
    """The file cannot be trusted, or not be written."""


class AppendLog:
    """One open log. Not for several threads at once, nor for several processes."""

    def __init__(self, path: Path, replay: Callable[[Any], None]) -> None:
        """Opens or makes the file and hands every entry to `replay`, oldest first. Raises LogBroken."""
        self._path = path
        known = path.read_bytes() if path.exists() else None
        self._size = 0 if known is None else known.rfind(b"\n") + 1
        for entry in _entries(path, (known or b"")[: self._size]):
            replay(entry)
        self._fd = _open(path)
        self._is_broken = False
        if known is not None and len(known) != self._size:
            os.ftruncate(self._fd, self._size)
            os.fsync(self._fd)
        if known is None:
            sync_folder(path.parent)

    def append(self, entry: Any) -> None:
        """Adds an entry and returns once it is on the disk. Raises LogBroken where it is not, and is then not there."""
        if self._is_broken:
            raise LogBroken(f"{self._path.name} could not be written before")
        line = _line(entry)
        try:
            _write(self._fd, line)
            os.fsync(self._fd)
        except OSError as cause:
            self._is_broken = True
            self._take_back()
            raise LogBroken(f"{self._path.name}: {cause.strerror}") from cause
        self._size += len(line)

    def rewrite(self, entries: Iterable[Any]) -> None:
        """Puts these entries in place of all: a crash leaves either the old file or the new one."""
        content = b"".join(_line(entry) for entry in entries)
        aside = self._path.with_suffix(".new")
        fd = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
        try:
            _write(fd, content)
            os.fsync(fd)
        finally:
            os.close(fd)
        # Windows replaces no file that is open.
        os.close(self._fd)
        os.replace(aside, self._path)
        sync_folder(self._path.parent)
        self._fd = _open(self._path)
        self._size = len(content)

    def close(self) -> None:
        """Lets go of the file."""
        os.close(self._fd)

    def _take_back(self) -> None:
        try:
            os.ftruncate(self._fd, self._size)
        except OSError:
            # What is left of the line has no line feed, and the next start removes it.
            pass


def sync_folder(folder: Path) -> None:
    """Makes a new name in a folder outlast a power cut, where the system can: Windows does it by itself."""
    if os.name == "nt":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)


def _write(fd: int, content: bytes) -> None:
    done = 0
    while done < len(content):
        done += os.write(fd, content[done:])


def _line(entry: Any) -> bytes:
    return json.dumps(entry, separators=(",", ":")).encode("ascii") + b"\n"


def _entries(path: Path, content: bytes) -> Iterable[Any]:
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            yield json.loads(line)
        except ValueError as cause:
            raise LogBroken(f"{path.name}: line {number} is not JSON") from cause
