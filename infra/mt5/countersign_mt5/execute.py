"""Carries out commands at most once each (domain.md 2.4 and 7.5).

Invariants: journal look-up, deadline, preconditions, order_check, INTENT on the disk, order_send, RESULT on the
disk, answer, in this order; an attempt with an intent is never sent again, only looked up; a later attempt is sent
only where no earlier one left a trace at the broker; an attempt older than the newest known is never sent; nothing
is opened under a magic that the broker or the journal knows already. `order_check` sends nothing, and so needs no
intent: what it turns down was surely not executed.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import mt5_names as names
from .append_log import LogBroken
from .bridge_log import Log
from .clock_offset import ClockOffset
from .cloud_clock import CloudClock
from .command_journal import Attempt, CommandJournal, Intent, Result
from .decimal_text import decimal_text
from .envelope import Command, parse_command
from .evidence import evidence
from .history import History
from .preconditions import Ready, Refused, check_account, check_command
from .server_time import ServerTime
from .terminal import Terminal, TerminalError
from .trade_request import Request, trade_request
from .utc_text import iso_utc
from .wire_rows import label, unsigned

_OPENING = ("open", "place")
_ACTED = ("done", "partial", "placed")
#: Nothing was sent, and soon may be: the cloud tries again by itself.
_DISCONNECTED = Refused("disconnected")
_MAX_WORDS = 300


@dataclass(frozen=True)
class Answered:
    """The terminal itself says no: members of a result, for nothing is sent."""

    members: Result


class Executor:
    """Executes commands one after another; two at once would each miss what the other is about to send."""

    def __init__(
        self,
        terminal: Terminal,
        history: History,
        journal: CommandJournal,
        server_time: ServerTime,
        offset: ClockOffset,
        cloud: CloudClock,
        log: Log,
    ) -> None:
        self._terminal = terminal
        self._history = history
        self._journal = journal
        self._time = server_time
        self._offset = offset
        self._cloud = cloud
        self._log = log

    def execute(self, command: Command) -> Result:
        """Executes a command, or tells again how it ended. The result is in the journal before it is returned."""
        attempts = self._journal.attempts(command.cmd_id)
        same = next((one for one in attempts if one.number == command.attempt), None)
        if same is not None:
            return self._settled(same)
        for earlier in attempts:
            result = self._settled(earlier)
            if result["outcome"] in _ACTED:
                return result
            if result["reason"] == "evidence_unreadable":
                return self._refusal(command, _DISCONNECTED)
        if any(one.number > command.attempt for one in attempts):
            return {**_blank(command), "outcome": "refused", "reason": "stale_attempt"}
        return self._send_once(command)

    def _settled(self, attempt: Attempt) -> Result:
        """How an attempt ended. What is open is looked up: the broker decides, and without a trace it stays open."""
        result, intent = attempt.result, attempt.intent
        if intent is None or (result is not None and result["outcome"] != "unknown"):
            return result or {}
        command = parse_command(intent.command)
        still = {**_blank(command), "t_sent": intent.at, "reason": "intent_without_result", **(result or {})}
        try:
            account = self._look_at(command)
            found = None if account is None else evidence(command, self._terminal, self._history)
        except TerminalError:
            account, found = None, None
        if found is not None:
            # The return code was that of the answer which told nothing.
            return self._keep({**still, "retcode": None, **found, "t_done": iso_utc(self._cloud.now_ms())})
        return still if account is not None else {**still, "reason": "evidence_unreadable"}

    def _look_at(self, command: Command) -> Any:
        """The account, where it is the command's and the terminal has all that the broker knows of it; else None."""
        self._terminal.connect()
        account, info = self._terminal.account(), self._terminal.info()
        is_whole = self._history.is_whole(account, bool(info.connected))
        return account if is_whole and check_account(command, account) is None else None

    def _send_once(self, command: Command) -> Result:
        try:
            request = self._prepared(command)
        except TerminalError as error:
            self._log("not-sent", cmd_id=command.cmd_id, cause=str(error))
            request = _DISCONNECTED
        if isinstance(request, Refused):
            return self._refusal(command, request)
        if isinstance(request, Answered):
            return self._keep({**_blank(command), **request.members})
        intent = Intent(command.said, command.pre.login, command.pre.server, iso_utc(self._cloud.now_ms()))
        try:
            self._journal.write_intent(intent)
        except LogBroken as cause:
            self._log("journal-broken", cause=str(cause))
            return {**_blank(command), "outcome": "refused", "reason": "journal_failed"}
        answer = self._sent(command, request)
        return self._keep({**answer, "t_sent": intent.at, "t_done": iso_utc(self._cloud.now_ms())})

    def _prepared(self, command: Command) -> Request | Refused | Answered:
        """What is to be sent, or why nothing is."""
        if self._is_late(command):
            return Refused("expired_before_sending")
        self._terminal.connect()
        account, info = self._terminal.account(), self._terminal.info()
        refused = check_account(command, account)
        if refused is not None:
            return refused
        if not info.connected:
            return _DISCONNECTED
        ready = check_command(command, account, self._terminal)
        if isinstance(ready, Refused):
            return ready
        if command.order.expires_ms is not None and self._offset.disagreement_ms is not None:
            # It would end by another clock than the one it is written for.
            return Refused("server_clock_disagrees")
        stop = self._magic_fault(command, account) or self._gone(command, ready, account)
        if stop is not None:
            return stop
        request = trade_request(command, ready, self._terminal, self._time, self._cloud.now_ms())
        return request if isinstance(request, Refused) else self._checked(command, request)

    def _magic_fault(self, command: Command, account: Any) -> Refused | None:
        """A caller that gives a number twice has lost its books: nobody could tell the two orders apart."""
        if command.kind not in _OPENING:
            return None
        owner = self._journal.owner_of(command.magic)
        if owner is not None:
            # Its own earlier attempts were looked up before.
            return None if owner == command.cmd_id else Refused("magic_in_use")
        if not self._history.is_whole(account, is_connected=True):
            return _DISCONNECTED
        return Refused("magic_in_use") if command.magic in self._history.magics(account) else None

    def _gone(self, command: Command, ready: Ready, account: Any) -> Refused | Answered | None:
        """What is to be closed or cancelled is not there: nothing to send, and the trade server's own code for that."""
        ticket = command.order.order_ticket
        if command.kind == "close" and ready.position is None:
            retcode, reason = names.RETCODE_POSITION_CLOSED, "position_gone"
        elif command.kind == "cancel" and ticket is not None and not self._terminal.orders(ticket=ticket):
            retcode, reason = names.RETCODE_INVALID_ORDER, "order_gone"
        else:
            return None
        if not self._history.is_whole(account, is_connected=True):
            return _DISCONNECTED
        return Answered({"outcome": "failed", "retcode": retcode, "reason": reason})

    def _checked(self, command: Command, request: Request) -> Request | Refused | Answered:
        """The check knows money and orders' own figures: what only reduces risk does not depend on it."""
        if request["action"] not in (names.ACTION_DEAL, names.ACTION_PENDING):
            return request
        try:
            check = self._terminal.check(request)
        except TerminalError as error:
            if error.is_broken_connection:
                raise
            self._log("order-check-refused", cmd_id=command.cmd_id, cause=str(error))
            return Refused(f"order_check: {error.code} {error.words}"[:_MAX_WORDS])
        is_close_without_money = command.kind == "close" and check.retcode == names.RETCODE_NO_MONEY
        if check.retcode not in names.CHECK_PASSED and not is_close_without_money:
            said = {"retcode": check.retcode, "broker_comment": label(check.comment)}
            return Answered({"outcome": "failed", **said})
        # All of this took time, and what comes now cannot be taken back.
        return Refused("expired_before_sending") if self._is_late(command) else request

    def _is_late(self, command: Command) -> bool:
        return self._cloud.now_ms() > command.expires_ms

    def _sent(self, command: Command, request: Request) -> Result:
        blank = _blank(command)
        try:
            answer = self._terminal.send(request)
        except TerminalError as error:
            outcome = "refused" if error.is_refused_argument else "unknown"
            return {**blank, "outcome": outcome, "reason": f"order_send: {error.code} {error.words}"[:_MAX_WORDS]}
        return {
            **blank,
            "outcome": _outcome(command, answer.retcode),
            "retcode": answer.retcode,
            "order": unsigned(answer.order) if answer.order else None,
            "deal": unsigned(answer.deal) if answer.deal else None,
            "price": decimal_text(answer.price) if answer.price else None,
            "volume": decimal_text(answer.volume) if answer.volume else None,
            "bid": decimal_text(answer.bid) if answer.bid else None,
            "ask": decimal_text(answer.ask) if answer.ask else None,
            "broker_comment": label(answer.comment),
            "retcode_external": answer.retcode_external,
        }

    def _refusal(self, command: Command, refused: Refused) -> Result:
        outcome = "expired" if refused.reason == "expired_before_sending" else "refused"
        return self._keep({**_blank(command), "outcome": outcome, "reason": refused.reason})

    def _keep(self, result: Result) -> Result:
        """What is known is said even where the disk fails: after a restart it is looked up, and never sent again."""
        try:
            self._journal.write_result(result)
        except LogBroken as cause:
            self._log("journal-broken", cause=str(cause))
        return result


def _outcome(command: Command, retcode: int) -> str:
    if retcode in names.AMBIGUOUS:
        return "unknown"
    if retcode not in names.ACCEPTED:
        return "failed"
    if retcode == names.RETCODE_DONE_PARTIAL:
        return "partial"
    return "placed" if command.kind == "place" or retcode == names.RETCODE_PLACED else "done"


def _blank(command: Command) -> Result:
    return {
        "cmd_id": command.cmd_id,
        "attempt": command.attempt,
        "outcome": "unknown",
        "retcode": None,
        "order": None,
        "deal": None,
        "price": None,
        "volume": None,
        "bid": None,
        "ask": None,
        "broker_comment": "",
        "retcode_external": None,
        "t_sent": None,
        "t_done": None,
        "reason": None,
    }
