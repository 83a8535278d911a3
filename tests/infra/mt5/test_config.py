"""The settings, their privacy, and one bridge a folder."""
import json
import os
import tempfile
import unittest
from pathlib import Path

import stage  # noqa: F401
from countersign_mt5.config import BadConfig, read_config
from countersign_mt5.file_privacy import sddl_fault
from countersign_mt5.folder_lock import FolderLock, FolderTaken
from countersign_mt5.terminal import WrongPackage, load_package
from fake_terminal import FakeTerminal, new_state

GOOD = {
    "bridge_id": "0199c7a0-0000-7000-8000-00000000000b",
    "secret": "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "server_tz": "NY+7",
}
NT = os.name == "nt"


class Settings(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="countersign-mt5-")
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "bridge.json"

    def read(self, content, mode=0o600):
        text = content if isinstance(content, str) else json.dumps(content)
        self.file.write_text(text, encoding="utf-8")
        os.chmod(self.file, mode)
        return read_config(self.file)

    def fault(self, content, mode=0o600):
        with self.assertRaises(BadConfig) as raised:
            self.read(content, mode)
        self.assertNotIn("AAECAwQF", str(raised.exception))
        return str(raised.exception)

    def test_what_is_left_out_has_a_default(self):
        config = self.read("\ufeff" + json.dumps(GOOD))
        self.assertEqual((config.listen, config.cloud_url), (("127.0.0.1", 8791), None))
        self.assertEqual((config.secret, config.portable, config.settle_ms), (bytes(range(32)), False, 5_000))
        self.assertEqual(config.data_folder, self.file.parent.resolve() / "data")

    def test_the_published_example_is_good_once_it_is_filled_in(self):
        example = json.loads((stage.ROOT / "infra/mt5/bridge.example.json").read_text(encoding="utf-8"))
        self.assertIn("bad: secret", self.fault(example))
        self.assertEqual(self.read({**example, **GOOD}).listen, ("127.0.0.1", 8791))

    def test_a_bridge_is_called_or_polls_and_never_both(self):
        config = self.read({**GOOD, "cloud_url": "https://countersign.example"})
        self.assertEqual((config.listen, config.cloud_url), (None, "https://countersign.example"))
        self.assertEqual(self.read({**GOOD, "listen": "[::1]:0"}).listen, ("::1", 0))
        both = {**GOOD, "cloud_url": "https://countersign.example", "listen": "127.0.0.1:1"}
        self.assertIn("either called or polls", self.fault(both))

    def test_bad_ones_are_named_and_their_values_are_not(self):
        for key, values in {
            "bridge_id": ["", 7, None],
            "secret": ["AAEC", "whsec_AAEC", None],
            "server_tz": ["EST5", "+2", None, 3],
            "listen": ["127.0.0.1", "127.0.0.1:x", "127.0.0.1:65536", ":1", 8791],
            "cloud_url": ["http://countersign.example", "https://", "https://a/b", "https://u:p@a", "https://a:x", 1],
            "terminal_path": ["", 1],
            "portable": ["yes"],
            "data_folder": ["", 1],
            "history_settle_seconds": [-1, 601, 1.5, True],
        }.items():
            for value in values:
                self.assertEqual(self.fault({**GOOD, key: value}), f"bad: {key}", value)
        self.assertEqual(self.fault({**GOOD, "listne": 1}), "unknown: listne")
        for key in ("password", "login"):
            self.assertIn("do not belong here", self.fault({**GOOD, key: "x"}))
        self.assertIn("is not JSON", self.fault("{"))
        self.assertIn("is not an object", self.fault("[]"))

    @unittest.skipIf(NT, "modes are not how Windows keeps files private")
    def test_a_file_that_others_can_read_is_refused(self):
        for mode in (0o640, 0o604, 0o660, 0o601):
            self.assertIn("chmod 600", self.fault(GOOD, mode))
        self.read(GOOD, 0o400)

    def test_on_windows_no_group_that_means_everybody_may_be_allowed(self):
        own = "(A;;FA;;;S-1-5-21-1-2-3-1001)"
        self.assertIsNone(sddl_fault(f"D:PAI{own}(A;;FA;;;SY)(A;;FA;;;BA)", "bridge.json"))
        self.assertIsNone(sddl_fault(f"D:PAI(D;;FA;;;WD){own}", "bridge.json"))
        for wide in ("WD", "AU", "BU", "IU", "S-1-1-0", "S-1-5-11"):
            self.assertIn("icacls", sddl_fault(f"D:AI{own}(A;ID;0x1200a9;;;{wide})", "bridge.json"))
        for none in ("", "D:", "D:NO_ACCESS_CONTROL"):
            self.assertIn("no access list", sddl_fault(none, "bridge.json"))


class Alone(unittest.TestCase):
    def test_a_data_folder_has_one_bridge(self):
        with tempfile.TemporaryDirectory(prefix="countersign-mt5-") as name:
            folder = Path(name) / "made" / "here"
            first = FolderLock(folder)
            with self.assertRaises(FolderTaken):
                FolderLock(folder)
            first.release()
            FolderLock(folder).release()

    def test_a_package_with_other_constants_is_not_used(self):
        import sys

        package = FakeTerminal(new_state())
        sys.modules["MetaTrader5"] = package
        self.addCleanup(sys.modules.pop, "MetaTrader5")
        package.ORDER_TYPE_SELL = 1
        self.assertIs(load_package(), package)
        package.ORDER_TYPE_SELL = 0
        with self.assertRaises(WrongPackage):
            load_package()


if __name__ == "__main__":
    unittest.main()
