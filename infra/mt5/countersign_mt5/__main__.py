"""Starts the bridge: `python -m countersign_mt5 --config bridge.json`. With `--check` it says what it sees, and
ends.
"""
from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path
from typing import Callable

from .append_log import LogBroken
from .bridge import Bridge, Parts
from .bridge_log import Log, open_log
from .clock import SystemClock
from .cloud_clock import CloudClock
from .command_journal import CommandJournal
from .config import BadConfig, Config, read_config
from .folder_lock import FolderLock, FolderTaken
from .guard_store import GuardStore
from .history import History
from .nonce_memory import NonceMemory
from .poll_transport import PollClient, https_post
from .request_proof import RequestProof
from .rounds import run_rounds
from .terminal import Terminal, TerminalError, WrongPackage, load_package
from .terminal_check import terminal_check
from .webhook_transport import WebhookServer

#: How long a start waits for the terminal before it serves all the same; what is not ready then says so by itself.
_WARM_UP_MS = 30_000
_STOP_SECONDS = 20
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
#: How to stop a lane, and how to have it exchange at once.
Lane = tuple[Callable[[], None], Callable[[], None]]


def main(arguments: list[str]) -> int:
    """Runs until it is told to stop. 0: stopped or checked; 1: could not start, with one line on standard error."""
    parser = argparse.ArgumentParser(prog="countersign_mt5", description="Bridge to a MetaTrader 5 terminal")
    parser.add_argument("--config", type=Path, default=Path("bridge.json"), help="settings (default: bridge.json)")
    parser.add_argument("--check", action="store_true", help="print what the terminal says, and end")
    given = parser.parse_args(arguments)
    try:
        config = read_config(given.config)
        terminal = Terminal(load_package(), config.terminal_path, config.portable)
        if given.check:
            print(json.dumps(terminal_check(terminal, config.server_time, SystemClock()), indent=2))
            return 0
        _serve(config, terminal)
        return 0
    except BadConfig as fault:
        return _refuse(f"settings: {fault}")
    except ImportError:
        return _refuse("the package MetaTrader5 is not installed: pip install -r requirements.txt (Windows only)")
    except WrongPackage as fault:
        return _refuse(f"this MetaTrader5 package has other constants: {fault}")
    except FolderTaken as fault:
        return _refuse(f"another bridge runs in {fault}")
    except TerminalError as fault:
        return _refuse(f"terminal: {fault}")
    except (LogBroken, OSError) as fault:
        return _refuse(str(fault))


def _serve(config: Config, terminal: Terminal) -> None:
    lock = FolderLock(config.data_folder)
    clock = SystemClock()
    log = open_log(config.data_folder, clock)
    journal = CommandJournal(config.data_folder)
    history = History(terminal, clock, config.settle_ms)
    cloud = CloudClock(clock)
    guard = GuardStore(config.data_folder)
    bridge = Bridge(Parts(terminal, history, journal, guard, config.server_time, clock, cloud, log))
    stop = threading.Event()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda _number, _frame: stop.set())
    log("started", is_ready=bridge.warm_up(_WARM_UP_MS))
    lane = _called if config.listen is not None else _polling
    end, hurry = lane(config, bridge, clock, cloud, log, stop)
    run_rounds(bridge, clock, hurry, lambda ms: stop.wait(ms / 1000))
    end()
    bridge.close()
    log("stopped")
    lock.release()


def _called(
    config: Config, bridge: Bridge, clock: SystemClock, cloud: CloudClock, log: Log, stop: threading.Event
) -> Lane:
    """Serves the webhook, where the cloud asks by itself."""
    nonces = NonceMemory(config.data_folder, clock)
    proof = RequestProof(config.bridge_id, config.secret, nonces, clock, log)
    listen = config.listen or ("", 0)
    if listen[0] not in _THIS_MACHINE:
        log("listens-beyond-this-machine", host=listen[0])
    server = WebhookServer(listen, bridge, proof, clock, log)
    threading.Thread(target=server.serve_forever, name="webhook", daemon=True).start()
    print(f"ready http://{listen[0]}:{server.server_port}", flush=True)
    return server.stop, lambda: None


def _polling(
    config: Config, bridge: Bridge, clock: SystemClock, cloud: CloudClock, log: Log, stop: threading.Event
) -> Lane:
    """Polls the cloud."""
    cloud_url = config.cloud_url or ""
    client = PollClient(bridge, (config.bridge_id, config.secret), https_post(cloud_url), clock, cloud, log)
    thread = threading.Thread(target=client.run, args=(stop,), name="poll", daemon=True)
    thread.start()
    print(f"ready, polling {cloud_url}", flush=True)
    return lambda: thread.join(_STOP_SECONDS), client.hurry


def _refuse(why: str) -> int:
    print(f"countersign_mt5: {why}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
