"""The webhook over real HTTP: one answer for whoever is not proven, limits, and a signature under everything else."""
import http.client
import json
import os
import socket
import threading
import unittest
from unittest import mock

from stage import BridgeCase

from countersign_mt5.native_signature import direction_key, sha256_hex, sign, verify
from countersign_mt5.nonce_memory import NonceMemory
from countersign_mt5.request_proof import RequestProof
from countersign_mt5.utc_text import iso_utc
from countersign_mt5 import webhook_transport
from countersign_mt5.webhook_transport import WebhookServer

SECRET = bytes(range(32))


class Webhook(BridgeCase):
    def setUp(self):
        super().setUp()
        nonces = NonceMemory(self.folder, self.clock)
        self.addCleanup(nonces.close)
        log = lambda event, **fields: self.logged.append((event, fields))
        proof = RequestProof("bridge-1", SECRET, nonces, self.clock, log)
        self.server = WebhookServer(("127.0.0.1", 0), self.bridge, proof, self.clock, log)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.addCleanup(self.server.stop)

    def post(self, body, target="/bridge?account=1", method="POST", **headers):
        """Status, headers and content of the reply, and whether it is signed for this very request."""
        nonce, timestamp = os.urandom(12).hex(), str(self.clock.wall_ms // 1000)
        lines = ["v1", method, target, timestamp, nonce, "bridge-1", sha256_hex(body)]
        signature = sign(direction_key(SECRET, "to-bridge"), lines)
        names = {"X-Bridge-Id": "bridge-1", "X-Timestamp": timestamp, "X-Nonce": nonce, "X-Signature": signature}
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=10)
        try:
            connection.request(method, target, body, {**names, **headers})
            reply = connection.getresponse()
            content = reply.read()
        finally:
            connection.close()
        said = reply.getheader("X-Timestamp", "")
        reply_lines = ["v1-reply", str(reply.status), nonce, sha256_hex(body), said, sha256_hex(content)]
        key = direction_key(SECRET, "from-bridge")
        is_ours = verify(key, reply.getheader("X-Signature", ""), reply_lines)
        return reply.status, dict(reply.getheaders()), json.loads(content), is_ours

    def envelope(self, kind="snapshot", **members):
        head = {"v": 1, "kind": kind, "request_id": "r-1", "sent_at": iso_utc(self.clock.wall_ms)}
        return json.dumps({**head, **members}).encode()

    def test_a_length_that_is_said_twice_is_none(self):
        body, nonce, now = self.envelope(), "n" * 16, str(self.clock.wall_ms // 1000)
        lines = ["v1", "POST", "/", now, nonce, "bridge-1", sha256_hex(body)]
        signature = sign(direction_key(SECRET, "to-bridge"), lines)
        proof = f"X-Bridge-Id: bridge-1\r\nX-Timestamp: {now}\r\nX-Nonce: {nonce}\r\nX-Signature: {signature}\r\n"
        length = f"Content-Length: {len(body)}\r\n"
        for lengths, status in [(length * 2, b"401"), (length, b"200")]:
            reply = self.raw(f"POST / HTTP/1.1\r\n{proof}{lengths}\r\n".encode() + body)
            self.assertEqual(reply[9:12], status)

    def raw(self, content):
        """All that comes back for these bytes."""
        with socket.create_connection(("127.0.0.1", self.server.server_port), timeout=10) as connection:
            connection.sendall(content)
            reply = b""
            while part := connection.recv(65_536):
                reply += part
        return reply

    def test_a_proven_request_is_answered_and_the_answer_signed(self):
        status, headers, content, is_ours = self.post(self.envelope())
        self.assertEqual((status, content["kind"], is_ours), (200, "snapshot", True))
        self.assertNotIn("Server", headers)

    def test_refusals_of_what_is_proven_are_signed_too(self):
        self.fails("terminal_info")
        for body, expected in [
            (b"{}", 422),
            (self.envelope("candles", symbol="NOPE", timeframe="H1"), 404),
            (self.envelope(), 503),
        ]:
            status, _, _, is_ours = self.post(body)
            self.assertEqual((status, is_ours), (expected, True))
        with mock.patch.object(self.bridge, "_content", side_effect=RuntimeError("a secret")):
            status, _, content, is_ours = self.post(self.envelope())
        self.assertEqual((status, is_ours), (500, True))
        self.assertNotIn("a secret", json.dumps(content))

    def test_everything_else_gets_the_same_401_and_nothing_more(self):
        length = b"Content-Length: 2\r\n"
        wanted = self.post(b"{}", **{"X-Signature": "v1=" + "A" * 43 + "="})
        now = self.clock.wall_ms // 1000
        self.assertEqual((wanted[0], wanted[2]), (401, {"error": "unauthorized", "server_time": now}))
        for request in [
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /healthz HTTP/1.1\r\n\r\n",
            b"BREW / HTTP/1.1\r\n\r\n",
            b"POST / HTTP/1.1\r\n\r\n",
            b"POST / HTTP/1.1\r\n" + length + b"\r\n{}",
            b"POST / HTTP/1.1\r\n" + length * 2 + b"\r\n{}",
            b"POST / HTTP/1.1\r\nContent-Length: -2\r\n\r\n{}",
            b"POST / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + length + b"\r\n{}",
            b"POST / HTTP/1.1\r\nExpect: 100-continue\r\n" + length + b"\r\n{}",
            b"POST / HTTP/9.9\r\n" + length + b"\r\n{}",
            b"POST /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
            b"POST / HTTP/1.1\r\n" + b"X-A: b\r\n" * 200 + b"\r\n",
            b"nonsense\r\n\r\n",
        ]:
            with self.subTest(request[:60]):
                head, _, content = self.raw(request).partition(b"\r\n\r\n")
                self.assertTrue(head.startswith(b"HTTP/1.1 401 "), head)
                self.assertEqual(head.count(b"HTTP/1.1"), 1)
                self.assertEqual(json.loads(content), {"error": "unauthorized", "server_time": now})
                self.assertIn(b"WWW-Authenticate: Countersign", head)
                self.assertNotIn(b"X-Signature", head)

    def test_a_request_that_never_ends_is_cut_off(self):
        with mock.patch.object(webhook_transport, "_READ_SECONDS", 0.2):
            with socket.create_connection(("127.0.0.1", self.server.server_port), timeout=10) as connection:
                connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n{")
                connection.recv(65_536)
                self.assertEqual(connection.recv(65_536), b"")

    def test_callers_beyond_a_number_are_turned_away_and_places_are_given_back(self):
        with mock.patch.object(webhook_transport, "_READ_SECONDS", 30):
            address = ("127.0.0.1", self.server.server_port)
            held = [socket.create_connection(address, timeout=10) for _ in range(33)]
            self.assertEqual(held[-1].recv(1), b"", "one too many")
            for connection in held:
                connection.close()
        for _ in range(40):
            status = self.until_answered()
            self.assertEqual(status, 200)

    def until_answered(self):
        """The places come free when the server notices that their callers have gone."""
        for _ in range(200):
            try:
                return self.post(self.envelope())[0]
            except (ConnectionError, http.client.HTTPException):
                threading.Event().wait(0.02)
        return None

    def test_a_terminal_that_comes_and_goes_between_two_requests_is_noticed(self):
        self.assertTrue(self.bridge.look())
        self.fails("terminal_info", -10004, "No IPC connection", times=1)
        self.assertFalse(self.bridge.look())
        self.assertFalse(self.bridge.look(), "connected again, and its history has to stand still")
        self.clock.advance(self.settle_ms)
        self.assertTrue(self.bridge.look())
        said = [event for event, _ in self.logged if event.startswith("terminal-")]
        self.assertEqual(said, ["terminal-not-ready", "terminal-ready"] * 2)
        with self.bridge._turn:
            self.assertTrue(self.bridge.look(), "whoever has the terminal is not waited for")

    def test_two_of_the_same_command_at_once_are_one(self):
        command = self.command()
        outcomes = []
        body = self.envelope("execute", command=command)
        threads = [threading.Thread(target=lambda: outcomes.append(self.post(body)[2]["result"])) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((len(outcomes), len(self.state["sent"])), (8, 1))
        self.assertTrue(all(outcome == outcomes[0] for outcome in outcomes))

    def test_while_another_has_the_terminal_for_too_long_nothing_is_done_and_that_is_said(self):
        with mock.patch("countersign_mt5.bridge._TURN_SECONDS", 0.05), self.bridge._turn:
            status, _, content, is_ours = self.post(self.envelope("execute", command=self.command()))
        self.assertEqual((status, content["error"]["code"], is_ours), (503, "busy", True))
        self.assertEqual(self.state["sent"], [])


if __name__ == "__main__":
    unittest.main()
