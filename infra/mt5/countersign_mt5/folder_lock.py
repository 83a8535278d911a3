"""One bridge per data folder: two of them could each send what the other's journal knows."""
from __future__ import annotations

import os
from pathlib import Path


class FolderTaken(Exception):
    """Another process holds the folder."""


class FolderLock:
    """Held until `release` or the end of the process, however it ends."""

    def __init__(self, folder: Path) -> None:
        """Takes the folder, making it where it is not there. Raises FolderTaken."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(self._fd)
        except OSError as cause:
            os.close(self._fd)
            raise FolderTaken(str(folder)) from cause

    def release(self) -> None:
        """Lets the next one in."""
        os.close(self._fd)


def _lock(fd: int) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl

        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
