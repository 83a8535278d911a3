"""One JSON line per event, on standard error and in `bridge.log` (five files of 5 MB). No bodies, secrets or
signatures.
"""
from __future__ import annotations

import json
import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Callable

from .clock import SystemClock
from .utc_text import iso_utc

Log = Callable[..., None]
_FILE_BYTES = 5_000_000
_FILES = 5


def open_log(folder: Path, clock: SystemClock) -> Log:
    """A function `log(event, **fields)` that writes a line and never raises."""
    logger = logging.Logger("bridge")
    file = folder / "bridge.log"
    handlers: list[logging.Handler] = [
        RotatingFileHandler(file, maxBytes=_FILE_BYTES, backupCount=_FILES - 1, encoding="ascii")
    ]
    # There is none for a program without a window.
    if sys.stderr is not None:
        handlers.append(logging.StreamHandler(sys.stderr))
    # A full disk or a closed window must not stop what is being logged.
    logging.raiseExceptions = False
    for handler in handlers:
        logger.addHandler(handler)

    def log(event: str, **fields: Any) -> None:
        logger.info(json.dumps({"at": iso_utc(clock.now_ms()), "event": event, **fields}, default=str))

    return log
