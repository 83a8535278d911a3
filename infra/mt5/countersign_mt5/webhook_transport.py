"""The webhook: `POST` of an envelope over HTTP, behind a TLS proxy or tunnel on this machine.

Invariants: whatever is not proven gets one and the same 401, which says nothing but the time, so that a wrong clock
can be mended; a request is small, arrives within seconds, and there is a limit to how many are read at once.
"""
from __future__ import annotations

import json
import os
import socket
import socketserver
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .bridge import Bridge
from .bridge_log import Log
from .clock import SystemClock
from .request_proof import RequestProof

MAX_BODY_BYTES = 64 * 1024
#: From the first byte to the last of a request.
_READ_SECONDS = 15
_MAX_CONNECTIONS = 32
_STOP_SECONDS = 5


class WebhookServer(ThreadingHTTPServer):
    """Serves one bridge until `shutdown`."""

    daemon_threads = True
    # On Windows it would let a second bridge listen on the same port.
    allow_reuse_address = os.name != "nt"
    request_queue_size = 64

    def __init__(
        self, address: tuple[str, int], bridge: Bridge, proof: RequestProof, clock: SystemClock, log: Log
    ) -> None:
        """Listens; `port` 0 takes a free one. Raises OSError."""
        self.bridge = bridge
        self.proof = proof
        self.clock = clock
        self.log = log
        self._places = threading.BoundedSemaphore(_MAX_CONNECTIONS)
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Without asking the network for our own name, which can take half a minute."""
        socketserver.TCPServer.server_bind(self)
        host, port = self.socket.getsockname()[:2]
        self.server_name, self.server_port = str(host), port

    def process_request(self, request: Any, client_address: Any) -> None:
        """Takes a connection, where there is a place for it."""
        if not self._places.acquire(blocking=False):
            self.log("too-many-connections")
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serves it, and gives its place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def stop(self) -> None:
        """Takes no more requests, and gives those that are being answered a moment to be."""
        self.shutdown()
        self.server_close()
        for _ in range(_MAX_CONNECTIONS):
            if not self._places.acquire(timeout=_STOP_SECONDS):
                break

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hangs up, mostly; nobody is left to be told."""
        self.log("connection-failed")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _READ_SECONDS
    server: WebhookServer

    def handle(self) -> None:
        """One request a connection, cut off where it takes too long to arrive."""
        self._deadline = threading.Timer(_READ_SECONDS, self._cut)
        self._deadline.daemon = True
        self._deadline.start()
        try:
            self.close_connection = True
            self.handle_one_request()
        finally:
            self._deadline.cancel()

    def do_POST(self) -> None:
        """Proves, answers and signs; whatever is not proven is refused."""
        body = self._body()
        self._deadline.cancel()
        if body is None:
            self._refuse()
            return
        names = {name.lower() for name in self.headers}
        headers: dict[str, list[str]] = {name: self.headers.get_all(name, []) for name in names}
        proof = self.server.proof.prove(self.command, self.path, headers, body)
        if proof is None:
            self._refuse()
            return
        status, content = self.server.bridge.answer(body)
        self._send(status, content, self.server.proof.sign_reply(proof, status, content))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What Python's own server would explain: other methods, bad requests, overlong lines."""
        self._refuse()

    def handle_expect_100(self) -> bool:
        """Nobody is encouraged to go on before he has proven himself."""
        return True

    def log_message(self, format: str, *args: Any) -> None:
        """The bridge logs what it answers; the rest is noise."""

    def _body(self) -> bytes | None:
        lengths: list[str] = self.headers.get_all("content-length", [])
        if len(lengths) != 1 or not (lengths[0].isascii() and lengths[0].isdigit()):
            return None
        if "transfer-encoding" in self.headers or int(lengths[0]) > MAX_BODY_BYTES:
            return None
        body = self.rfile.read(int(lengths[0]))
        return body if len(body) == int(lengths[0]) else None

    def _refuse(self) -> None:
        content = {"error": "unauthorized", "server_time": self.server.clock.now_ms() // 1000}
        self._send(HTTPStatus.UNAUTHORIZED, json.dumps(content).encode("ascii"), {"WWW-Authenticate": "Countersign"})

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.close_connection = True
        # A first line that says no version would otherwise be answered without a head.
        self.request_version = self.protocol_version
        self.send_response_only(status)
        common = {"Content-Type": "application/json", "Content-Length": str(len(content)), "Connection": "close"}
        for name, value in {**common, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _cut(self) -> None:
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            # It has ended by itself.
            pass
