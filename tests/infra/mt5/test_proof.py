"""Who is let in: our own published vectors, every way in which a request can fail to prove itself, nonces over
restarts.
"""
import errno
import json
import re
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from stage import ROOT, TestClock

from countersign_mt5.native_signature import direction_key, secret_bytes, sha256_hex, sign, timestamp_ms, verify
from countersign_mt5.nonce_memory import KEEP_MS, NonceMemory
from countersign_mt5.request_proof import RequestProof

SECTION = re.search(r"\n## Signing\n(.*?)\n## ", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)[1]
VECTORS = json.loads(re.search(r"```json\n(.*?)```", SECTION, re.DOTALL)[1])
SECRET = secret_bytes(re.search(r"`(whsec_[A-Za-z0-9+/]+=*)`", SECTION)[1])
CALL = next(vector for vector in VECTORS if vector["what"] == "us to a bridge")
BRIDGE_ID, NONCE = CALL["sign"][5], CALL["sign"][4]
SENT_MS = int(CALL["sign"][3]) * 1000


def key_of(vector):
    return SECRET if vector["key"] == "secret" else direction_key(SECRET, vector["key"])


class Vectors(unittest.TestCase):
    def test_there_are_good_ones_and_bad_ones_for_both_directions(self):
        self.assertEqual(len(SECRET), 32)
        self.assertEqual({vector["key"] for vector in VECTORS}, {"secret", "to-bridge", "from-bridge"})
        self.assertGreater(sum(vector["what"].startswith("bad:") for vector in VECTORS), 4)

    def test_we_come_to_every_good_signature_and_take_no_bad_one(self):
        for vector in VECTORS:
            with self.subTest(vector["what"]):
                self.assertEqual(vector["sign"][-1], sha256_hex(vector["body"].encode()))
                taken = verify(key_of(vector), vector["signature"], vector["sign"])
                self.assertEqual(taken, not vector["what"].startswith("bad:"))
                if taken:
                    self.assertEqual(sign(key_of(vector), vector["sign"]), vector["signature"])

    def test_a_secret_that_is_spelled_otherwise_is_none(self):
        good = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
        self.assertEqual(secret_bytes(good), bytes(range(32)))
        for bad in (good[6:], good[:-1], good + "=", good + "\n", "whsec_", "whsec_AAEC", "whsec_" + "-" * 44):
            self.assertIsNone(secret_bytes(bad), bad)

    def test_timestamps_are_seconds_or_rfc_3339_in_utc(self):
        self.assertEqual(timestamp_ms("1760000000"), SENT_MS)
        self.assertEqual(timestamp_ms("2025-10-09T08:53:20.5Z"), SENT_MS + 500)
        not_utc = "2025-10-09T08:53:20+00:00"
        for bad in ("", "-1", "1760000000.5", "1" * 13, "١٧٦", not_utc, "2025-10-09", "1760000000\n"):
            self.assertIsNone(timestamp_ms(bad), bad)


class Requests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="countersign-mt5-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.clock = TestClock(SENT_MS)
        self.logged = []
        self.nonces = None
        self.restart()

    def restart(self):
        if self.nonces is not None:
            self.nonces.close()
        self.nonces = NonceMemory(self.folder, self.clock)
        self.addCleanup(lambda nonces=self.nonces: nonces is self.nonces and nonces.close())
        log = lambda event, **fields: self.logged.append(fields.get("cause"))
        self.proof = RequestProof(BRIDGE_ID, SECRET, self.nonces, self.clock, log)

    def prove(self, method="POST", target=CALL["sign"][2], body=CALL["body"].encode(), **headers):
        named = {"x-bridge-id": BRIDGE_ID, "x-timestamp": CALL["sign"][3], "x-nonce": NONCE}
        named["x-signature"] = CALL["signature"]
        named.update({name.replace("_", "-"): value for name, value in headers.items()})
        lists = {name: value if isinstance(value, list) else [value] for name, value in named.items()}
        return self.proof.prove(method, target, lists, body)

    def signed(self, nonce, timestamp=CALL["sign"][3], key="to-bridge", bridge_id=BRIDGE_ID):
        lines = [*CALL["sign"][:3], timestamp, nonce, bridge_id, CALL["sign"][6]]
        signature = sign(direction_key(SECRET, key), lines)
        return self.prove(x_nonce=nonce, x_timestamp=timestamp, x_signature=signature, x_bridge_id=bridge_id)

    def test_the_vector_is_proven_and_its_reply_is_the_vector_of_a_reply(self):
        proof = self.prove()
        self.clock.advance(1_000)
        reply = next(vector for vector in VECTORS if vector["what"] == "the reply of a bridge")
        headers = self.proof.sign_reply(proof, 200, reply["body"].encode())
        self.assertEqual(headers, {"X-Timestamp": "1760000001", "X-Signature": reply["signature"]})

    def test_whatever_is_changed_breaks_it_and_uses_nothing_up(self):
        changed = [
            {"method": "PUT"},
            {"target": "/bridge"},
            {"target": "/bridge?account=2"},
            {"body": b'{"kind":"snapshot"} '},
            {"x_bridge_id": BRIDGE_ID[:-1] + "c"},
            {"x_timestamp": "1760000001"},
            {"x_timestamp": "2025-10-09T08:53:20Z"},
            {"x_nonce": NONCE[:-1] + "8"},
            {"x_signature": CALL["signature"][3:]},
            {"x_signature": "v2=" + CALL["signature"][3:]},
            {"x_signature": CALL["signature"].rstrip("=")},
            {"x_signature": "v1=ümlaut"},
            {"x_signature": []},
            {"x_signature": [CALL["signature"]] * 2},
            {"x_nonce": []},
            {"x_nonce": "short"},
            {"x_nonce": "n" * 65},
            {"x_nonce": NONCE + "\n"},
            {"x_bridge_id": []},
            {"x_timestamp": []},
        ]
        for change in changed:
            with self.subTest(str(change)):
                self.assertIsNone(self.prove(**change))
        self.assertEqual(len(self.logged), len(changed))
        self.assertIsNotNone(self.prove())

    def test_what_we_sign_ourselves_proves_nothing_when_it_comes_back(self):
        self.assertIsNone(self.signed("n" * 16, key="from-bridge"))
        self.assertIsNone(self.signed("n" * 16, bridge_id="another"), "nor what is for another bridge")
        self.assertIsNotNone(self.signed("n" * 16))

    def test_five_minutes_either_way_and_no_more(self):
        for off, taken in [(-301, False), (-300, True), (300, True), (301, False)]:
            timestamp = str(SENT_MS // 1000 + off)
            self.assertEqual(self.signed(f"nonce-of-{off:+d}-seconds".replace("+", "p"), timestamp) is not None, taken)

    def test_a_nonce_is_good_once_whatever_happens_in_between(self):
        self.assertIsNotNone(self.prove())
        self.assertIsNone(self.prove())
        self.restart()
        self.assertIsNone(self.prove())
        # A crash in the middle of writing the next one.
        file = self.folder / "nonces.jsonl"
        self.nonces.close()
        self.nonces = None
        file.write_bytes(file.read_bytes() + b'["half-a-n')
        self.restart()
        self.assertIsNone(self.prove())
        self.assertIsNotNone(self.signed("n" * 16))

    def test_a_nonce_that_cannot_be_kept_lets_nobody_in(self):
        with mock.patch("os.fsync", side_effect=OSError(errno.ENOSPC, "No space left on device")):
            self.assertIsNone(self.prove())
        self.assertIsNone(self.prove(), "the log is closed to writing until a restart")
        self.restart()
        self.assertIsNotNone(self.prove())

    def test_old_ones_are_forgotten_when_they_no_longer_matter_and_the_file_stays_small(self):
        with mock.patch("countersign_mt5.nonce_memory.MAX_LINES", 20):
            for number in range(100):
                self.assertTrue(self.nonces.claim(f"nonce-number-{number:03d}"))
                self.clock.advance(KEEP_MS // 10)
            self.assertLess(len((self.folder / "nonces.jsonl").read_bytes().splitlines()), 22)
        self.restart()
        for number in range(90, 100):
            self.assertFalse(self.nonces.claim(f"nonce-number-{number:03d}"), number)


if __name__ == "__main__":
    unittest.main()
