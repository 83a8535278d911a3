"""The settings, from one JSON file that only its owner can read. Fail closed: a fault names the keys, never their
values.

The password of the trading account is no setting: the terminal is logged in by its user, once, and stays so.
"""
from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable
from urllib.parse import urlsplit

from .file_privacy import privacy_fault
from .native_signature import secret_bytes
from .server_time import ServerTime, UnknownZone

_DEFAULT_HOST = "127.0.0.1"
_DEFAULT_PORT = 8791
_DEFAULT_SETTLE_SECONDS = 5


class BadConfig(Exception):
    """What is wrong with the settings, fit to be shown."""


@dataclass(frozen=True)
class Config:
    """All settings, checked."""

    bridge_id: str
    secret: bytes
    #: Where the webhook listens; None where the bridge polls instead.
    listen: tuple[str, int] | None
    #: The cloud that is polled; None where the bridge is called instead.
    cloud_url: str | None
    #: Path of `terminal64.exe`; None: the terminal that the package finds.
    terminal_path: str | None
    portable: bool
    server_time: ServerTime
    data_folder: Path
    #: How long the terminal's history must stand still before it is believed.
    settle_ms: int


def read_config(path: Path) -> Config:
    """Reads the file. Raises BadConfig."""
    if not path.is_file():
        raise BadConfig(f"{path} is not there")
    fault = privacy_fault(path)
    if fault is not None:
        raise BadConfig(fault)
    try:
        # Windows editors put a byte order mark in front.
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as cause:
        raise BadConfig(f"{path.name} is not JSON") from cause
    if not isinstance(content, dict):
        raise BadConfig(f"{path.name} is not an object")
    return _parse(content, path.parent)


def _parse(content: dict[str, Any], folder: Path) -> Config:
    values = {key: take(content.get(key)) for key, take in _KEYS.items()}
    bad = sorted(key for key, value in values.items() if value is _BAD)
    unknown = sorted(set(content) - set(_KEYS))
    if "password" in unknown or "login" in unknown:
        raise BadConfig("login and password do not belong here: log the terminal in by hand")
    if bad or unknown:
        raise BadConfig("; ".join([f"bad: {key}" for key in bad] + [f"unknown: {key}" for key in unknown]))
    listen, cloud_url = values["listen"], values["cloud_url"]
    if listen is not None and cloud_url is not None:
        raise BadConfig("listen and cloud_url: a bridge is either called or polls")
    return Config(
        bridge_id=values["bridge_id"],
        secret=values["secret"],
        listen=None if cloud_url is not None else listen or (_DEFAULT_HOST, _DEFAULT_PORT),
        cloud_url=cloud_url,
        terminal_path=values["terminal_path"],
        portable=values["portable"],
        server_time=values["server_tz"],
        data_folder=(folder / values["data_folder"]).resolve(),
        settle_ms=values["history_settle_seconds"] * 1000,
    )


_BAD: Any = object()


def _bridge_id(value: Any) -> Any:
    return value if isinstance(value, str) and 0 < len(value) <= 100 and value.isascii() else _BAD


def _secret(value: Any) -> Any:
    found = secret_bytes(value) if isinstance(value, str) else None
    return _BAD if found is None else found


def _listen(value: Any) -> Any:
    if value is None:
        return None
    host, _, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    is_port = port.isascii() and port.isdigit() and int(port) <= 65_535
    return (host.strip("[]"), int(port)) if host and is_port else _BAD


def _cloud_url(value: Any) -> Any:
    """An address without a path, by https; without only on this machine."""
    if value is None:
        return None
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
        port_is_sound = parts is not None and (parts.port is None or parts.port > 0)
    except ValueError:
        return _BAD
    if parts is None or not port_is_sound or not parts.hostname or parts.username or parts.path not in ("", "/"):
        return _BAD
    is_local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    return value if (parts.scheme == "https" or is_local) and not (parts.query or parts.fragment) else _BAD


def _path(value: Any) -> Any:
    return value if value is None or (isinstance(value, str) and value) else _BAD


def _portable(value: Any) -> Any:
    return False if value is None else value if isinstance(value, bool) else _BAD


def _zone(value: Any) -> Any:
    try:
        return ServerTime(value) if isinstance(value, str) else _BAD
    except UnknownZone:
        return _BAD


def _data_folder(value: Any) -> Any:
    return "data" if value is None else value if isinstance(value, str) and value else _BAD


def _settle(value: Any) -> Any:
    if value is None:
        return _DEFAULT_SETTLE_SECONDS
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 600 else _BAD


_KEYS: dict[str, Callable[[Any], Any]] = {
    "bridge_id": _bridge_id,
    "secret": _secret,
    "listen": _listen,
    "cloud_url": _cloud_url,
    "terminal_path": _path,
    "portable": _portable,
    "server_tz": _zone,
    "data_folder": _data_folder,
    "history_settle_seconds": _settle,
}
