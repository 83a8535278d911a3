"""The fake terminal under the package's own name, for a bridge in a process of its own. The broker's state is a
file in the folder that FAKE_TERMINAL names, and outlives the bridge; a test changes it by leaving a file of changes
beside it.
"""
import json
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fake_terminal import FakeTerminal, new_state  # noqa: E402

_FOLDER = Path(os.environ["FAKE_TERMINAL"])
_STATE, _CHANGES, _TAKEN = (_FOLDER / name for name in ("state.json", "changes.json", "changes.taken"))


def _save():
    aside = _STATE.with_suffix(".aside")
    aside.write_text(json.dumps(_terminal.state))
    os.replace(aside, _STATE)


def _die():
    _save()
    os.kill(os.getpid(), signal.SIGKILL)


def _take_changes():
    os.replace(_CHANGES, _TAKEN)
    changes = json.loads(_TAKEN.read_text())
    base = new_state() if changes.pop("reset", False) else _terminal.state
    account = {**base["account"], **changes.pop("account", {})}
    _terminal.state = {**base, **changes, "account": account}
    _save()


def _called(name):
    def function(*arguments, **options):
        if _CHANGES.exists():
            _take_changes()
        answer = getattr(_terminal, name)(*arguments, **options)
        if name == "order_send":
            _save()
        return answer

    return function


_terminal = FakeTerminal(json.loads(_STATE.read_text()) if _STATE.exists() else new_state(), _die)


for _name in dir(FakeTerminal):
    if not _name.startswith("_") and _name not in ("now_ms", "server_ms"):
        globals()[_name] = _called(_name)
