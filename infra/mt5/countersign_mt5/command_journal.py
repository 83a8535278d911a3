"""The bridge's own journal of commands: INTENT before anything is sent, RESULT before anything is answered.

Invariants: both are on the disk before the next step; a command with an intent and no result may have been executed; a
result is never forgotten, and a final one never replaced. Entries go by the command's id alone, whatever account the
terminal is logged in to: an id is given once in the life of a deployment.
"""
from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .append_log import AppendLog, LogBroken

Result = dict[str, Any]


@dataclass(frozen=True)
class Intent:
    """What was about to be sent: the command as it came, to which account, and when (ISO 8601 UTC)."""

    command: dict[str, Any]
    login: str
    server: str
    at: str


@dataclass(frozen=True)
class Attempt:
    """One attempt of a command. Without an intent it was refused before anything could be sent."""

    number: int
    intent: Intent | None = None
    result: Result | None = None


class CommandJournal:
    """All that was ever done under each command. To be used by one thread at a time."""

    def __init__(self, folder: Path) -> None:
        """Reads `journal.jsonl`. Raises LogBroken where it is not as this class wrote it."""
        self._commands: dict[str, dict[int, Attempt]] = {}
        self._owners: dict[int, str] = {}
        self._log = AppendLog(folder / "journal.jsonl", self._apply)

    def attempts(self, cmd_id: str) -> list[Attempt]:
        """All attempts known of a command, the oldest number first."""
        known = self._commands.get(cmd_id, {})
        return [known[number] for number in sorted(known)]

    def owner_of(self, magic: int) -> str | None:
        """The command that first meant to send under a magic; None where none did."""
        return self._owners.get(magic)

    def highest_magic(self) -> int:
        """The highest magic that an intent names, sent or not; 0 where there is none."""
        return max(self._owners, default=0)

    def write_intent(self, intent: Intent) -> None:
        """Raises LogBroken where it is not on the disk: then nothing may be sent."""
        self._write({"kind": "intent", **vars(intent)})

    def write_result(self, result: Result) -> None:
        """Keeps how an attempt ended. Raises LogBroken where the disk does not; this process knows it all the same."""
        entry = {"kind": "result", "result": result}
        self._apply(entry)
        self._log.append(entry)

    def close(self) -> None:
        """Lets go of the file."""
        self._log.close()

    def _write(self, entry: dict[str, Any]) -> None:
        self._log.append(entry)
        self._apply(entry)

    def _apply(self, entry: Any) -> None:
        try:
            if entry["kind"] == "intent":
                self._apply_intent(Intent(**{key: entry[key] for key in ("command", "login", "server", "at")}))
            else:
                self._put(entry["result"]["cmd_id"], entry["result"]["attempt"], result=entry["result"])
        except (KeyError, TypeError, ValueError) as cause:
            raise LogBroken("journal.jsonl: an entry that this bridge never wrote") from cause

    def _apply_intent(self, intent: Intent) -> None:
        command = intent.command
        self._owners.setdefault(int(command["evidence"]["magic"]), command["cmd_id"])
        self._put(command["cmd_id"], command["attempt"], intent=intent)

    def _put(self, cmd_id: str, number: int, **change: Any) -> None:
        attempts = self._commands.setdefault(cmd_id, {})
        attempts[number] = replace(attempts.get(number, Attempt(number)), **change)
