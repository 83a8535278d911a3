"""The native signature, version 1 (API.md "Native signature"): HMAC-SHA256 over seven lines for a request, six for
a reply.

Invariants: the two directions use different keys, so that nothing sent to us can be played back as ours; comparison
takes the same time wherever two signatures differ; what is spelled otherwise than canonically is malformed.
"""
from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from typing import Sequence

from .utc_text import parse_iso

#: Seconds that a timestamp may be off, either way.
TOLERANCE_SECONDS = 300
_SECRET_PREFIX = "whsec_"
_SIGNATURE_PREFIX = "v1="
_SECONDS = re.compile(r"[0-9]{1,12}")
_RFC3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z")
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")


def secret_bytes(secret: str) -> bytes | None:
    """The bytes behind `whsec_`; None where it is not canonical base64 of at least 16 of them."""
    if not secret.startswith(_SECRET_PREFIX):
        return None
    found = _canonical(secret[len(_SECRET_PREFIX) :])
    return found if found is not None and len(found) >= 16 else None


def direction_key(secret: bytes, direction: str) -> bytes:
    """One of a bridge's two keys: HMAC-SHA256 of `to-bridge` or `from-bridge` under its secret."""
    return hmac.new(secret, direction.encode("ascii"), hashlib.sha256).digest()


def sha256_hex(content: bytes) -> str:
    """Lower-case hexadecimal SHA-256."""
    return hashlib.sha256(content).hexdigest()


def is_nonce(text: str) -> bool:
    """Whether a text is a nonce: 16 to 64 of the URL alphabet."""
    return _NONCE.fullmatch(text) is not None


def timestamp_ms(text: str) -> int | None:
    """Milliseconds since 1970 of a timestamp header (Unix seconds, or RFC 3339 with Z); None where it is neither."""
    if _SECONDS.fullmatch(text):
        return int(text) * 1000
    return parse_iso(text) if _RFC3339.fullmatch(text) else None


def sign(key: bytes, lines: Sequence[str]) -> str:
    """The value of `X-Signature` for the lines, joined by line feeds with none at the end."""
    return _SIGNATURE_PREFIX + base64.b64encode(_mac(key, lines)).decode("ascii")


def verify(key: bytes, signature: str, lines: Sequence[str]) -> bool:
    """Whether the header is the signature of the lines. Constant-time."""
    if not signature.startswith(_SIGNATURE_PREFIX):
        return False
    given = _canonical(signature[len(_SIGNATURE_PREFIX) :])
    return given is not None and hmac.compare_digest(given, _mac(key, lines))


def _mac(key: bytes, lines: Sequence[str]) -> bytes:
    return hmac.new(key, "\n".join(lines).encode("utf-8", "surrogateescape"), hashlib.sha256).digest()


def _canonical(text: str) -> bytes | None:
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if base64.b64encode(found).decode("ascii") == text else None
