"""The poll (`POST /bridge/v1/sync`): for a terminal that nobody can call, this asks the cloud what is to be done.

Each exchange brings a snapshot and what came of earlier requests, and fetches the next ones. Invariants: what the
cloud says counts only where it is signed over our own request; a reply that was not heard is not acted on, and what
it may have asked for comes no second time; what came of a request is brought until an answer has acknowledged it.
"""
from __future__ import annotations

import http.client
import json
import secrets
import ssl
import threading
import uuid
from typing import Any, Callable
from urllib.parse import urlsplit

from .bridge import PROTOCOL_VERSION, Bridge
from .bridge_log import Log
from .clock import SystemClock
from .cloud_clock import CloudClock
from .envelope import Envelope, Malformed, SnapshotRequest, read_envelope
from .native_signature import TOLERANCE_SECONDS, direction_key, sha256_hex, sign, timestamp_ms, verify
from .utc_text import iso_utc, parse_iso

TARGET = "/bridge/v1/sync"
_TIMEOUT_SECONDS = 20
_MAX_REPLY_BYTES = 4 * 1024 * 1024
#: Less than the cloud takes, with room for the frame.
MAX_REQUEST_BYTES = 4 * 1024 * 1024 - 64 * 1024
#: What could never be brought beside a snapshot would be in the way for ever.
_MAX_ANSWER_BYTES = 1024 * 1024
_SOONEST_MS, _LATEST_MS, _AFTER_FAILURE_MS = 50, 300_000, 10_000
#: What the cloud did not understand it will not understand the next time either.
_NOT_UNDERSTOOD = (400, 413, 422)
_MAX_FAILURES = 6
#: How often, while it waits, it sees whether it is to end.
_LOOK_MS = 250
#: A clock further off than a day is a case for a person.
_MAX_OFFSET_MS = 24 * 3_600_000
#: Kinds whose answers are small, or which nobody must wait for.
_FIRST = ("execute", "lookup")
Headers = dict[str, str]
#: Body and headers out; status, headers (names in lower case) and body back. Raises OSError where nothing came.
Post = Callable[[bytes, Headers], tuple[int, Headers, bytes]]


class Unheard(Exception):
    """No reply that can be believed."""


class PollClient:
    """Exchanges with one cloud, one after another."""

    def __init__(
        self, bridge: Bridge, identity: tuple[str, bytes], post: Post, clock: SystemClock, cloud: CloudClock, log: Log
    ) -> None:
        """`identity`: the bridge's id and the bytes of its secret."""
        self._bridge = bridge
        self._id, secret = identity
        self._from_bridge = direction_key(secret, "from-bridge")
        self._to_bridge = direction_key(secret, "to-bridge")
        self._post = post
        self._clock = clock
        self._cloud = cloud
        self._log = log
        #: What the last reply wants the history from, once there was one (None: from the beginning).
        self._deals_from: tuple[str | None] | None = None
        self._replies: list[dict[str, Any]] = []
        self._offset_ms = 0
        self._failures = 0
        self._wake = threading.Event()

    def hurry(self) -> None:
        """Has the next exchange come at once."""
        self._wake.set()

    def run(self, stop: threading.Event) -> None:
        """Exchanges until it is told to stop."""
        pause_ms = 0
        while not self._rested(stop, pause_ms):
            try:
                pause_ms = self.exchange()
            except Exception as error:
                # Whatever it was, a bridge that is silent for good is worse.
                self._log("failed", kind="sync", cause=repr(error))
                pause_ms = _AFTER_FAILURE_MS

    def _rested(self, stop: threading.Event, pause_ms: int) -> bool:
        """Waits so long, or until somebody hurries; whether it is time to end."""
        until_ms = self._clock.monotonic_ms() + pause_ms
        while not (stop.is_set() or self._wake.is_set()):
            left_ms = until_ms - self._clock.monotonic_ms()
            if left_ms <= 0:
                break
            self._wake.wait(min(left_ms, _LOOK_MS) / 1000)
        self._wake.clear()
        return stop.is_set()

    def exchange(self) -> int:
        """One exchange, and what it asks for is carried out; after how many milliseconds the next is due."""
        brought = self._fitting(self._snapshot())
        try:
            reply = self._sync(brought)
            pause_ms = min(max(int(reply["next_sync_ms"]), _SOONEST_MS), _LATEST_MS)
            deals_from, requests = reply["deals_from"], list(reply["requests"])
        except (OSError, http.client.HTTPException, Unheard, KeyError, TypeError, ValueError) as cause:
            self._failures += 1
            self._log("sync-failed", cause=str(cause) or type(cause).__name__, failures=self._failures)
            return int(1_000 * 2 ** min(self._failures - 1, _MAX_FAILURES) * (0.75 + secrets.randbelow(500) / 1000))
        is_first = self._deals_from is None
        self._failures, self._deals_from = 0, (deals_from,)
        self._forget(brought)
        self._bridge.order_guard(reply.get("guard"))
        for request in requests:
            self._carry_out(request)
        # Whoever waits for a result has it at once, and the first exchange only asked where to begin.
        return _SOONEST_MS if is_first or self._replies else pause_ms

    def _snapshot(self) -> dict[str, Any] | None:
        """The account as it stands; None where it is not known yet since when, or the terminal cannot be read."""
        if self._deals_from is None:
            return None
        (since,) = self._deals_from
        since_ms = None if since is None else parse_iso(since)
        request = SnapshotRequest(since_ms)
        status, content = self._bridge.answer_to(
            Envelope("snapshot", str(uuid.uuid4()), self._cloud.now_ms(), request)
        )
        return content if status == 200 else None

    def _fitting(self, snapshot: dict[str, Any] | None) -> dict[str, Any]:
        """The request with as many replies as it has room for; the others come with the next."""
        body: dict[str, Any] = {
            "v": PROTOCOL_VERSION,
            "kind": "sync",
            "request_id": str(uuid.uuid4()),
            "sent_at": iso_utc(self._cloud.now_ms()),
            "deals_from": None if self._deals_from is None else self._deals_from[0],
            "snapshot": snapshot,
            "replies": [],
        }
        room = MAX_REQUEST_BYTES - len(json.dumps(body))
        for reply in sorted(self._replies, key=lambda one: one["kind"] not in _FIRST):
            size = len(json.dumps(reply)) + 2
            if size <= room:
                body["replies"].append(reply)
                room -= size
        return body

    def _sync(self, brought: dict[str, Any]) -> dict[str, Any]:
        """The cloud's answer. Raises OSError or Unheard."""
        body = json.dumps(brought, allow_nan=False).encode("ascii")
        nonce, body_sha256 = secrets.token_urlsafe(24), sha256_hex(body)
        timestamp = str((self._clock.now_ms() + self._offset_ms) // 1000)
        lines = ["v1", "POST", TARGET, timestamp, nonce, self._id, body_sha256]
        status, headers, content = self._post(
            body,
            {
                "Content-Type": "application/json",
                "X-Bridge-Id": self._id,
                "X-Timestamp": timestamp,
                "X-Nonce": nonce,
                "X-Signature": sign(self._from_bridge, lines),
            },
        )
        if status == 401:
            self._mend_clock(content)
            raise Unheard("unauthorized")
        said = headers.get("x-timestamp", "")
        reply_lines = ["v1-reply", str(status), nonce, body_sha256, said, sha256_hex(content)]
        if not self._is_fresh(said) or not verify(self._to_bridge, headers.get("x-signature", ""), reply_lines):
            raise Unheard("not signed by the cloud")
        if status in _NOT_UNDERSTOOD:
            # What came of commands is in the journal, where the cloud looks it up.
            self._forget(brought)
        if status != 200:
            raise Unheard(f"refused with {status}: {_problem_of(content)}")
        reply = json.loads(content)
        if reply["v"] != PROTOCOL_VERSION or reply["kind"] != "sync" or reply["request_id"] != brought["request_id"]:
            raise Unheard("not the answer to this request")
        server_ms = parse_iso(reply["server_time"])
        if server_ms is not None:
            self._cloud.heard(server_ms)
        return reply

    def _forget(self, brought: dict[str, Any]) -> None:
        """What has been heard is not brought again."""
        heard = [id(reply) for reply in brought["replies"]]
        self._replies = [reply for reply in self._replies if id(reply) not in heard]

    def _is_fresh(self, timestamp: str) -> bool:
        at_ms = timestamp_ms(timestamp)
        now_ms = self._clock.now_ms() + self._offset_ms
        return at_ms is not None and abs(now_ms - at_ms) <= TOLERANCE_SECONDS * 1000

    def _mend_clock(self, content: bytes) -> None:
        """A 401 tells the time, so that a wrong clock can be mended: it moves what we sign with, and no deadline."""
        try:
            offset_ms = int(json.loads(content)["server_time"]) * 1000 - self._clock.now_ms()
        except (ValueError, KeyError, TypeError):
            return
        if TOLERANCE_SECONDS * 1000 // 2 < abs(offset_ms) <= _MAX_OFFSET_MS:
            self._log("clock-corrected", offset_ms=offset_ms)
            self._offset_ms = offset_ms

    def _carry_out(self, request: Any) -> None:
        try:
            envelope = read_envelope(request)
        except Malformed as fault:
            self._log("request-not-understood", cause=str(fault))
            return
        status, content = self._bridge.answer_to(envelope)
        # A reply that says why there is none has no place in the protocol: the cloud asks again, or looks it up.
        if status != 200 or envelope.kind == "snapshot":
            return
        if len(json.dumps(content)) > _MAX_ANSWER_BYTES:
            self._log("answer-too-large", kind=envelope.kind, request_id=envelope.request_id)
            return
        self._replies.append(content)


def https_post(base_url: str) -> Post:
    """Posts to the cloud by https, or http on this machine: certificates are checked, redirects are not followed."""
    parts = urlsplit(base_url)
    host, port = parts.hostname or "", parts.port

    def post(body: bytes, headers: Headers) -> tuple[int, Headers, bytes]:
        connection = (
            http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_SECONDS, context=ssl.create_default_context())
            if parts.scheme == "https"
            else http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
        )
        try:
            connection.request("POST", TARGET, body=body, headers=headers)
            reply = connection.getresponse()
            content = reply.read(_MAX_REPLY_BYTES + 1)
            if len(content) > _MAX_REPLY_BYTES:
                raise OSError("a reply that is too large")
            return reply.status, {name.lower(): value for name, value in reply.getheaders()}, content
        finally:
            connection.close()

    return post


def _problem_of(content: bytes) -> str:
    try:
        return str(json.loads(content).get("type", ""))[:100]
    except (ValueError, AttributeError):
        return "no problem document"
