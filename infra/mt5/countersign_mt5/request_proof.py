"""Who sent a request, and our signature under the reply. Whatever carries requests hands them here first.

Invariants: nothing of a request is interpreted before its signature holds and its nonce is new; a nonce is used up by a
proven request alone; every reply to a proven request is signed, and no other.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Sequence

from .append_log import LogBroken
from .bridge_log import Log
from .clock import SystemClock
from .native_signature import (
    TOLERANCE_SECONDS,
    direction_key,
    is_nonce,
    sha256_hex,
    sign,
    timestamp_ms,
    verify,
)
from .nonce_memory import NonceMemory

#: Names in lower case, with every value that was sent.
Headers = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Proof:
    """A proven request, as far as its reply is bound to it."""

    nonce: str
    body_sha256: str


class RequestProof:
    """Judges requests to one bridge; may be asked from several threads."""

    def __init__(self, bridge_id: str, secret: bytes, nonces: NonceMemory, clock: SystemClock, log: Log) -> None:
        self._bridge_id = bridge_id
        self._to_bridge = direction_key(secret, "to-bridge")
        self._from_bridge = direction_key(secret, "from-bridge")
        self._nonces = nonces
        self._clock = clock
        self._log = log

    def prove(self, method: str, target: str, headers: Headers, body: bytes) -> Proof | None:
        """The proof of a request (`target`: path with query, as sent), or None: why not, the log alone says."""
        fault, proof = self._judge(method, target, headers, body)
        if fault is not None:
            self._log("unproven", cause=fault)
        return proof

    def sign_reply(self, proof: Proof, status: int, body: bytes) -> dict[str, str]:
        """Headers that make a reply ours."""
        timestamp = str(self._clock.now_ms() // 1000)
        lines = ["v1-reply", str(status), proof.nonce, proof.body_sha256, timestamp, sha256_hex(body)]
        return {"X-Timestamp": timestamp, "X-Signature": sign(self._from_bridge, lines)}

    def _judge(self, method: str, target: str, headers: Headers, body: bytes) -> tuple[str | None, Proof | None]:
        names = ("x-bridge-id", "x-timestamp", "x-nonce", "x-signature")
        values = [headers.get(name, ()) for name in names]
        if any(len(value) != 1 for value in values):
            return "headers", None
        bridge_id, timestamp, nonce, signature = (value[0] for value in values)
        at_ms = timestamp_ms(timestamp)
        if at_ms is None or not is_nonce(nonce):
            return "malformed", None
        if bridge_id != self._bridge_id:
            return "bridge-id", None
        if abs(self._clock.now_ms() - at_ms) > TOLERANCE_SECONDS * 1000:
            return "timestamp", None
        body_sha256 = sha256_hex(body)
        lines = ["v1", method, target, timestamp, nonce, bridge_id, body_sha256]
        if not verify(self._to_bridge, signature, lines):
            return "signature", None
        try:
            is_new = self._nonces.claim(nonce)
        except (LogBroken, OSError) as cause:
            return f"nonces: {cause}", None
        return (None, Proof(nonce, body_sha256)) if is_new else ("nonce", None)
