"""The poll: what is brought, what is believed, what is carried out, and what a lost or forged reply changes."""
import json
import threading
import time
import unittest
from unittest import mock

from stage import MAGIC, BridgeCase

from countersign_mt5.native_signature import direction_key, sha256_hex, sign, verify
from countersign_mt5.poll_transport import TARGET, PollClient
from countersign_mt5.utc_text import iso_utc

SECRET = bytes(range(32))


class Poll(BridgeCase):
    def setUp(self):
        super().setUp()
        self.brought, self.script = [], []
        self.poll()

    def poll(self):
        log = lambda event, **fields: self.logged.append((event, fields))
        self.client = PollClient(self.bridge, ("bridge-1", SECRET), self.post, self.clock, self.cloud, log)

    def post(self, body, headers):
        """The cloud: proves the request, and answers as the script says next."""
        said = {name.lower(): value for name, value in headers.items()}
        lines = ["v1", "POST", TARGET, said["x-timestamp"], said["x-nonce"], said["x-bridge-id"], sha256_hex(body)]
        self.assertTrue(verify(direction_key(SECRET, "from-bridge"), said["x-signature"], lines))
        request = json.loads(body)
        self.brought.append((request, said))
        step = self.script.pop(0) if self.script else {}
        if step.get("lost"):
            raise OSError("connection reset")
        answer = {
            **{"v": 1, "kind": "sync", "request_id": request["request_id"], "server_time": self.now()},
            **{"next_sync_ms": 20_000, "deals_from": None, "outcome": None, "requests": []},
        }
        content = json.dumps({**answer, **step.get("says", {})}).encode()
        status, timestamp = step.get("status", 200), str(self.clock.wall_ms // 1000)
        reply = ["v1-reply", str(status), said["x-nonce"], sha256_hex(body), timestamp, sha256_hex(content)]
        signature = sign(direction_key(SECRET, step.get("key", "to-bridge")), reply)
        content = step.get("content", content)
        return status, {"x-timestamp": timestamp, "x-signature": signature}, content

    def now(self):
        return iso_utc(self.clock.wall_ms)

    def request(self, kind, request_id="q-1", **members):
        return {"v": 1, "kind": kind, "request_id": request_id, "sent_at": self.now(), **members}

    def asks(self, *requests):
        self.script.append({"says": {"requests": list(requests)}})

    def test_first_it_asks_since_when_and_then_brings_a_snapshot_of_that(self):
        since = iso_utc(self.clock.wall_ms - 86_400_000)
        self.script = [{"says": {"deals_from": since}}, {"says": {"deals_from": since, "next_sync_ms": 5_000}}]
        self.assertEqual(self.client.exchange(), 50)
        self.assertEqual(self.client.exchange(), 5_000)
        (first, _), (second, _) = self.brought
        self.assertEqual((first["snapshot"], first["deals_from"]), (None, None))
        self.assertEqual((second["snapshot"]["kind"], second["deals_from"]), ("snapshot", since))
        self.assertEqual(set(second), {"v", "kind", "request_id", "sent_at", "deals_from", "snapshot", "replies"})

    def test_what_is_asked_is_carried_out_and_brought_until_it_was_heard(self):
        execute = self.request("execute", "c-1:0", command=self.command())
        lookup = self.request("lookup", "q-2", cmd_id="c-1", magic=str(MAGIC))
        self.asks(execute, lookup)
        self.assertEqual(self.client.exchange(), 50, "whoever waits for a result has it at once")
        self.assertEqual(len(self.state["sent"]), 1)
        self.script = [{"lost": True}, {}, {}]
        for _ in range(3):
            self.client.exchange()
        replies = [[reply["request_id"] for reply in request["replies"]] for request, _ in self.brought]
        self.assertEqual(replies, [[], ["c-1:0", "q-2"], ["c-1:0", "q-2"], []])
        self.assertEqual(self.brought[2][0]["replies"][0]["result"]["outcome"], "done")

    def test_the_guard_is_told_by_the_reply_and_reports_with_the_snapshot(self):
        order = {
            **{"version": 4, "login": "500123", "server": "Demo-Server", "armed": True, "scope": "all", "namespace": 7},
            **{"units": "10000", "peak": "1", "balance": "10000", "credit": "0", "booked_to": None, "trip_bps": 2000},
            **{"hard_bps": 2500, "equity_floor": None, "warning_ms": 0, "close": None, "latched": False},
        }
        self.script = [{"says": {"guard": order}}, {"says": {"guard": {**order, "version": "5"}}}, {"lost": True}, {}]
        for _ in range(4):
            self.client.exchange()
        self.assertEqual([request["snapshot"]["guard"]["version"] for request, _ in self.brought[1:]], [4, 4, 4])
        self.assertEqual([event for event, _ in self.logged if event.startswith("guard")], ["guard-ordered", "guard-order-lost"])

    def test_who_hurries_has_the_next_exchange_at_once(self):
        stop = threading.Event()
        running = threading.Thread(target=self.client.run, args=(stop,))
        with mock.patch.object(self.client, "exchange", side_effect=[3_600_000, 3_600_000, 0]) as exchange:
            running.start()
            self.addCleanup(running.join)
            self.addCleanup(stop.set)
            for count in (1, 2):
                self.wait_until(lambda: exchange.call_count >= count)
                if count == 1:
                    self.client.hurry()
            stop.set()
            running.join(5)
        self.assertEqual((exchange.call_count, running.is_alive()), (2, False))

    def wait_until(self, is_so):
        for _ in range(500):
            if is_so():
                return
            time.sleep(0.01)
        self.fail("it did not come to be so")

    def test_what_comes_again_is_answered_again_and_executed_once(self):
        for _ in range(2):
            self.asks(self.request("execute", "c-1:0", command=self.command()))
            self.client.exchange()
        self.client.exchange()
        self.assertEqual((len(self.state["sent"]), len(self.brought[-1][0]["replies"])), (1, 1))

    def test_nobody_elses_words_are_believed(self):
        execute = self.request("execute", command=self.command())
        says = {"requests": [execute]}
        for step in [
            {"says": says, "key": "from-bridge"},
            {"says": says, "content": json.dumps({"requests": [execute]}).encode()},
            {"says": {**says, "request_id": "another"}},
            {"says": {**says, "v": 2}},
            {"says": {**says, "kind": "snapshot"}},
            {"says": says, "status": 403},
            {"says": says, "status": 500},
        ]:
            self.script = [step]
            with self.subTest(str(step)[:80]):
                self.assertGreaterEqual(self.client.exchange(), 750)
                self.assertEqual((self.state["sent"], self.logged[-1][0]), ([], "sync-failed"))

    def test_an_old_reply_is_not_believed(self):
        post = self.client._post

        def late(body, headers):
            answer = post(body, headers)
            self.clock.advance(301_000)
            return answer

        self.client._post = late
        self.asks(self.request("execute", command=self.command(expires_at=iso_utc(self.clock.wall_ms + 900_000))))
        self.client.exchange()
        self.assertEqual(self.state["sent"], [])

    def test_failures_make_the_pauses_longer_up_to_a_minute_and_a_success_ends_that(self):
        self.script = [{"lost": True}] * 9
        pauses = [self.client.exchange() for _ in range(9)]
        for pause, whole in zip(pauses, [1, 2, 4, 8, 16, 32, 64, 64, 64]):
            self.assertTrue(whole * 750 <= pause <= whole * 1_250, pauses)
        self.client.exchange()
        self.assertEqual(self.client.exchange(), 20_000)

    def test_a_wrong_clock_is_mended_by_what_a_401_says_and_moves_no_deadline_by_itself(self):
        right_ms = self.clock.wall_ms - 7_200_000
        said = json.dumps({"server_time": right_ms // 1000}).encode()
        self.script = [{"status": 401, "content": said}, {}]
        self.client.exchange()
        self.assertEqual(self.cloud.now_ms(), self.clock.wall_ms)
        self.client.exchange()
        self.assertEqual(self.brought[1][1]["x-timestamp"], str(right_ms // 1000))
        for wild in (b"", b"[]", b'{"server_time":"soon"}', b'{"server_time":1}'):
            self.script = [{"status": 401, "content": wild}]
            self.client.exchange()
        self.client.exchange()
        self.assertEqual(self.brought[-1][1]["x-timestamp"], str(right_ms // 1000))

    def test_a_terminal_that_cannot_be_read_shows_nothing(self):
        self.client.exchange()
        self.fails("account_info")
        self.client.exchange()
        self.assertIsNone(self.brought[-1][0]["snapshot"])

    def test_a_request_that_is_not_understood_stops_none_of_the_others(self):
        self.asks({"v": 1, "kind": "dance"}, 7, self.request("execute", "c-1:0", command=self.command()))
        self.client.exchange()
        self.client.exchange()
        self.assertEqual([reply["request_id"] for reply in self.brought[-1][0]["replies"]], ["c-1:0"])

    def test_what_the_cloud_does_not_understand_is_not_brought_for_ever(self):
        self.asks(self.request("execute", command=self.command()))
        self.client.exchange()
        self.script = [{"status": 422}]
        self.client.exchange()
        self.client.exchange()
        self.assertEqual([len(request["replies"]) for request, _ in self.brought], [0, 1, 0])

    def test_results_go_before_bars_and_a_request_never_outgrows_what_is_taken(self):
        patch = mock.patch("countersign_mt5.poll_transport.MAX_REQUEST_BYTES", 120_000)
        patch.start()
        self.addCleanup(patch.stop)
        row = {"open": 1.1, "high": 1.2, "low": 1.0, "close": 1.15, "tick_volume": 812_345}
        start = self.clock.wall_ms // 1000 - 300 * 60
        self.state["bars"]["XAUUSD/1"] = [{"time": start + 60 * n, **row} for n in range(300)]
        bars = [self.request("candles", f"bars-{n}", symbol="XAUUSD", timeframe="M1", count=250) for n in range(9)]
        self.asks(*bars, self.request("execute", "c-1:0", command=self.command()))
        self.client.exchange()
        brought = []
        for _ in range(3):
            self.client.exchange()
            request = self.brought[-1][0]
            self.assertLessEqual(len(json.dumps(request)), 120_000)
            brought.append([reply["request_id"] for reply in request["replies"]])
        self.assertEqual(brought[0][0], "c-1:0")
        self.assertGreater(len(brought[1]), 0)
        self.assertEqual(sorted(sum(brought, [])), sorted(["c-1:0", *[f"bars-{n}" for n in range(9)]]))


if __name__ == "__main__":
    unittest.main()
