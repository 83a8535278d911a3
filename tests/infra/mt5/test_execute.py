"""What is sent, what is not, and what is said of it: preconditions, deadline, magics, requests, return codes."""
import unittest

from stage import MAGIC, START_MS, BridgeCase

from countersign_mt5.utc_text import iso_utc


class Preconditions(BridgeCase):
    def assert_refused(self, reason, command, outcome="refused"):
        result = self.execute({**command, "cmd_id": f"c-{len(self.logged)}"})
        self.assertEqual((result["outcome"], result["reason"], result["retcode"]), (outcome, reason, None))
        self.assertEqual((self.state["sent"], result["t_sent"]), ([], None))

    def test_each_has_its_name_and_nothing_is_sent(self):
        for reason, command in [
            ("login_mismatch", self.command(pre={"login": "500124"})),
            ("server_mismatch", self.command(pre={"server": "Demo-Server-2"})),
            ("symbol_mismatch", self.command(pre={"symbol": "EURUSD"})),
            ("unknown_symbol", self.command(pre={"symbol": "NOPE"}, order={"symbol": "NOPE"})),
            ("spread_too_wide", self.command(pre={"max_spread_points": 19})),
            ("volume_above_precondition", self.command(pre={"volume_at_most": "0.09"})),
            ("price_outside_band", self.command(pre={"price_high": "2035.09"})),
            ("price_outside_band", self.command(pre={"price_low": "2035.11"})),
            ("price_outside_band", self.command(order={"type": "sell"}, pre={"price_low": "2034.91"})),
            ("comment_too_long", self.command(evidence={"magic": "1", "comment": "x" * 27})),
            ("comment_not_ascii", self.command(evidence={"magic": "1", "comment": "Übung"})),
            ("invalid_order", self.command(evidence={"magic": "0", "comment": "x"})),
            ("invalid_order", self.command("close")),
            ("invalid_order", self.command("cancel")),
            ("invalid_order", self.command(order={"volume": None})),
            ("invalid_order", self.command(order={"type": "buy_limit"})),
            ("invalid_order", self.command("place", order={"price": "2000"})),
            ("invalid_order", self.command("place", order={"type": "buy_stop_limit", "price": "2100"})),
        ]:
            with self.subTest(reason, command=command):
                self.assert_refused(reason, command)

    def test_at_their_very_limits_they_hold(self):
        pre = {"max_spread_points": 20, "volume_at_most": "0.10", "price_low": "2035.10", "price_high": "2035.1"}
        command = self.command(pre=pre, evidence={"magic": "1", "comment": "x" * 26})
        self.assertEqual(self.execute(command)["outcome"], "done")

    def test_a_symbol_without_a_quote_is_not_traded(self):
        self.state["symbols"]["XAUUSD"]["bid"] = 0.0
        self.assert_refused("no_quote", self.command())

    def test_a_terminal_that_is_cut_off_or_silent_refuses_in_passing(self):
        self.state["connected"] = False
        self.assert_refused("disconnected", self.command())
        self.state["connected"] = True
        for name in ("account_info", "terminal_info", "positions_get", "history_orders_get"):
            self.bridge.warm_up(30_000)
            self.fails(name)
            kind = "close" if name == "positions_get" else "open"
            self.assert_refused("disconnected", self.command(kind, {"position_ticket": "7"}))
            self.state["faults"].clear()

    def test_a_symbol_that_is_not_shown_is_shown_first(self):
        command = self.command(pre={"symbol": "HIDDEN"}, order={"symbol": "HIDDEN"})
        self.assertEqual(self.execute(command)["outcome"], "done")
        self.assertTrue(self.state["symbols"]["HIDDEN"]["visible"])


class Deadline(BridgeCase):
    def test_a_command_is_taken_up_to_its_deadline_and_not_a_millisecond_later(self):
        expires = {"expires_at": iso_utc(self.clock.wall_ms)}
        self.assertEqual(self.execute(self.command(cmd_id="in-time", **expires))["outcome"], "done")
        self.clock.advance(1)
        late = self.execute(self.command(cmd_id="late", **expires))
        self.assertEqual((late["outcome"], late["reason"]), ("expired", "expired_before_sending"))
        self.assertEqual(len(self.state["sent"]), 1)

    def test_the_deadline_goes_by_the_clouds_clock_where_the_pcs_is_wrong(self):
        for wrong_ms in (-200_000, 200_000):
            self.setUp()
            cloud_ms = self.clock.wall_ms
            self.clock.wall_ms += wrong_ms
            self.restart()
            for _ in range(3):
                self.ask("snapshot", sent_at=iso_utc(cloud_ms), deals_from=None)
            in_time = self.command(cmd_id="in-time", expires_at=iso_utc(cloud_ms + 1))
            late = self.command(cmd_id="late", expires_at=iso_utc(cloud_ms - 1))
            for command, outcome in [(in_time, "done"), (late, "expired")]:
                content = self.asked("execute", sent_at=iso_utc(cloud_ms), command=command)
                self.assertEqual(content["result"]["outcome"], outcome)

    def test_a_request_that_was_held_back_is_seen_to_be_late(self):
        command = self.command()
        made_ms = self.clock.wall_ms
        self.clock.advance(31_000)
        self.ask("snapshot", deals_from=None)
        self.ask("snapshot", deals_from=None)
        held = self.asked("execute", sent_at=iso_utc(made_ms), command=command)
        self.assertEqual(held["result"]["outcome"], "expired")

    def test_time_that_the_checks_take_counts(self):
        check = self.terminal.order_check
        command = self.command()

        def slow_check(request):
            self.clock.advance(30_001)
            return check(request)

        self.terminal.order_check = slow_check
        result = self.execute(command)
        self.assertEqual((result["outcome"], self.state["sent"]), ("expired", []))


class Magics(BridgeCase):
    def test_one_that_another_command_was_sent_with_opens_nothing(self):
        self.execute(self.command(cmd_id="first"))
        again = self.execute(self.command(cmd_id="second"))
        self.assertEqual((again["outcome"], again["reason"]), ("refused", "magic_in_use"))
        self.assertEqual(len(self.state["sent"]), 1)

    def test_one_that_only_the_broker_knows_opens_nothing_wherever_it_stands_there(self):
        row = {"ticket": 9, "identifier": 9, "magic": MAGIC, "symbol": "XAUUSD", "time_msc": 1, "time_done_msc": 1}
        position = {**row, "type": 0, "volume": 1.0, "price_open": 2000.0, "sl": 0.0, "tp": 0.0, "swap": 0.0}
        for kind in ("positions", "orders", "history_orders", "deals"):
            before = list(self.state[kind])
            self.state[kind].append(position if kind == "positions" else row)
            self.bridge.warm_up(30_000)
            for how in ("open", "place"):
                order = {"type": "buy_limit", "price": "2000"} if how == "place" else {}
                refused = self.execute(self.command(how, order, cmd_id=f"{kind}-{how}"))
                self.assertEqual((refused["outcome"], refused["reason"]), ("refused", "magic_in_use"), kind)
            self.state[kind][:] = before
        self.assertEqual(self.state["sent"], [])

    def test_one_belongs_to_whoever_used_it_first(self):
        self.state["on_send"] = 10004
        self.execute(self.command(cmd_id="first"))
        self.execute(self.command("cancel", {"order_ticket": "4711"}, cmd_id="second"))
        own = {"magic": str(MAGIC), "comment": "x"}
        ticket = self.opened()
        closing = self.command("close", {"type": "sell", "position_ticket": ticket}, cmd_id="third", evidence=own)
        self.assertEqual(self.execute(closing)["outcome"], "done")
        self.assertEqual(self.execute(self.command(cmd_id="first", attempt=1))["outcome"], "done")

    def test_a_close_may_come_under_any(self):
        ticket = self.opened(magic=MAGIC)
        closing = self.command("close", {"type": "sell", "position_ticket": ticket}, cmd_id="closing")
        self.assertEqual(self.execute(closing)["outcome"], "done")

    def test_nothing_is_opened_while_the_history_may_still_be_coming(self):
        self.restart(warm_up=False)
        waiting = self.execute(self.command())
        self.assertEqual((waiting["outcome"], waiting["reason"]), ("refused", "disconnected"))
        self.clock.advance(self.settle_ms)
        self.assertEqual(self.execute(self.command(attempt=1))["outcome"], "done")


class Requests(BridgeCase):
    def sent(self, command):
        result = self.execute(command)
        self.assertIn(result["outcome"], ("done", "placed"), result)
        request = self.state["sent"][-1]
        if request["action"] in (1, 5):
            self.assertEqual(self.state["checked"][-1], request, "what is checked is what is sent")
        return request

    def test_an_entry_at_market(self):
        order = {"stop_loss": "2000.50", "take_profit": "2100", "deviation_points": 7}
        self.assertEqual(
            self.sent(self.command(order=order)),
            {
                **{"action": 1, "symbol": "XAUUSD", "type": 0, "volume": 0.1, "price": 2035.1, "deviation": 7},
                **{"sl": 2000.5, "tp": 2100.0, "type_filling": 1, "type_time": 0},
                **{"magic": MAGIC, "comment": "cs0123456789ab"},
            },
        )

    def test_a_close_names_its_position_and_never_grows_it(self):
        ticket = self.opened()
        pre = {"position_id": ticket}
        close = {"type": "sell", "volume": "0.04", "position_ticket": ticket}
        request = self.sent(self.command("close", close, pre))
        self.assertEqual((request["position"], request["price"], request["type"]), (int(ticket), 2034.9, 1))
        for reason, order, pre in [
            ("volume_above_position", {**close, "volume": "0.07"}, pre),
            ("side_does_not_close", {**close, "type": "buy"}, pre),
            ("position_mismatch", close, {"position_id": "77"}),
            ("position_mismatch", {**close, "position_ticket": "77"}, pre),
            ("position_mismatch", {**close, "symbol": "EURUSD"}, {**pre, "symbol": "EURUSD"}),
        ]:
            refused = self.execute(self.command("close", order, pre, cmd_id=f"c-{len(self.logged)}"))
            self.assertEqual((refused["outcome"], refused["reason"]), ("refused", reason))

    def test_a_close_of_what_is_gone_is_answered_as_a_server_would_and_sent_on_no_kind_of_account(self):
        for margin_mode in (0, 1, 2):
            self.state["account"]["margin_mode"] = margin_mode
            close = {"type": "sell", "position_ticket": "4711"}
            command = self.command("close", close, {"position_id": "4711"}, cmd_id=f"c-{margin_mode}")
            result = self.execute(command)
            self.assertEqual((result["outcome"], result["retcode"]), ("failed", 10036))
            self.assertEqual(result["reason"], "position_gone")
        self.assertEqual((self.state["checked"], self.state["sent"]), ([], []))

    def test_a_cancellation_of_what_is_gone_is_answered_so_too(self):
        result = self.execute(self.command("cancel", {"order_ticket": "4711"}))
        self.assertEqual((result["outcome"], result["retcode"], result["reason"]), ("failed", 10035, "order_gone"))
        self.restart(warm_up=False)
        waiting = self.execute(self.command("cancel", {"order_ticket": "4711"}, cmd_id="c-2"))
        self.assertEqual((waiting["outcome"], waiting["reason"]), ("refused", "disconnected"))
        self.assertEqual(self.state["sent"], [])

    def test_no_lack_of_money_holds_back_what_takes_risk_out(self):
        ticket = self.opened()
        placed = self.execute(self.command("place", {"type": "buy_limit", "price": "2000"}, cmd_id="placed"))["order"]
        self.terminal._fault_of = lambda request: 10019
        result = self.execute(self.command(cmd_id="a", evidence={"magic": "64", "comment": ""}))
        self.assertEqual((result["outcome"], result["retcode"], len(self.state["sent"])), ("failed", 10019, 1))
        send = self.terminal.order_send
        self.terminal.order_send = lambda request: (delattr(self.terminal, "_fault_of"), send(request))[1]
        close = {"type": "sell", "position_ticket": ticket}
        self.assertEqual(self.execute(self.command("close", close, cmd_id="b"))["outcome"], "done")
        self.terminal._fault_of = lambda request: 10019
        self.assertEqual(self.execute(self.command("cancel", {"order_ticket": placed}, cmd_id="c"))["outcome"], "done")

    def test_the_filling_is_what_the_symbol_takes(self):
        for execution, mask, expected in [
            *[(2, 3, 1), (2, 2, 1), (2, 1, 0), (2, 0, None)],
            *[(1, 0, 0), (1, 1, 0), (1, 2, 1), (0, 0, 0)],
            *[(3, 0, 2), (3, 1, 0), (3, 3, 1)],
        ]:
            self.state["symbols"]["XAUUSD"].update(trade_exemode=execution, filling_mode=mask)
            number = len(self.logged) + 1
            evidence = {"magic": str(number), "comment": ""}
            result = self.execute(self.command(cmd_id=f"c-{number}", evidence=evidence))
            if expected is None:
                self.assertEqual(result["reason"], "filling_not_allowed")
            else:
                self.assertEqual(result["outcome"], "done", (execution, mask))
                self.assertEqual(self.state["sent"][-1]["type_filling"], expected, (execution, mask))

    def test_a_pending_order_ends_when_it_is_to_end_or_before(self):
        # 6 July, 10:00 UTC is 13:00 on the server; its day ends at 21:00 UTC.
        hour = 3_600_000
        now = self.clock.wall_ms = START_MS
        server_day_end = (now + 11 * hour + 3 * hour) // 1000
        for mask, wanted, expected in [
            (15, None, (0, None)),
            (14, None, None),
            (15, now + hour, (2, (now + 4 * hour) // 1000)),
            (9, now + 30 * hour, (3, server_day_end - 1)),
            (9, now + 11 * hour, (3, server_day_end - 1)),
            (9, now + 10 * hour, None),
            (3, now + 12 * hour, (1, None)),
            (3, now + 10 * hour, None),
            (1, now + hour, None),
            (15, now, None),
        ]:
            self.state["symbols"]["XAUUSD"]["expiration_mode"] = mask
            number = len(self.logged) + 1
            order = {"type": "sell_stop", "price": "2000.00", "expires_at": wanted and iso_utc(wanted)}
            evidence = {"magic": str(number), "comment": ""}
            result = self.execute(self.command("place", order, cmd_id=f"c-{number}", evidence=evidence))
            with self.subTest(mask=mask, wanted=wanted):
                if expected is None:
                    self.assertEqual(result["reason"], "expiration_not_allowed")
                    continue
                self.assertEqual(result["outcome"], "placed", result)
                request = self.state["sent"][-1]
                self.assertEqual((request["action"], request["type"], request["type_filling"]), (5, 5, 2))
                self.assertEqual((request["type_time"], request.get("expiration")), expected)

    def test_what_a_modification_does_not_name_stays(self):
        ticket = self.opened()
        only = {"type": None, "volume": None, "position_ticket": ticket}
        self.sent(self.command("modify_sltp", {**only, "stop_loss": "2000"}, cmd_id="a"))
        request = self.sent(self.command("modify_sltp", {**only, "take_profit": "2100"}, cmd_id="b"))
        self.assertEqual((request["action"], request["sl"], request["tp"]), (6, 2000.0, 2100.0))
        request = self.sent(self.command("modify_sltp", {**only, "stop_loss": None}, cmd_id="c"))
        self.assertEqual((request["sl"], request["tp"]), (0.0, 2100.0))
        own = {"magic": "32", "comment": ""}
        limit = {"type": "buy_limit", "price": "2000"}
        placed = self.execute(self.command("place", limit, cmd_id="d", evidence=own))["order"]
        moved = {"type": None, "volume": None, "order_ticket": placed, "price": "1999.5", "stop_loss": "1990"}
        request = self.sent(self.command("modify_order", moved, cmd_id="e"))
        self.assertEqual((request["price"], request["sl"], request["tp"]), (1999.5, 1990.0, 0.0))
        self.assertEqual(self.sent(self.command("cancel", {"order_ticket": placed}, cmd_id="f"))["action"], 8)


class Answers(BridgeCase):
    def test_return_codes_are_passed_on_and_what_may_have_been_done_is_unknown(self):
        for retcode, outcome in [
            *[(10004, "failed"), (10018, "failed"), (10019, "failed"), (10046, "failed"), (10027, "failed")],
            *[(10011, "unknown"), (10012, "unknown"), (10031, "unknown")],
            *[(10008, "placed"), (10009, "done"), (10010, "partial")],
        ]:
            self.state["on_send"] = retcode
            evidence = {"magic": str(retcode), "comment": ""}
            result = self.execute(self.command(cmd_id=f"c-{retcode}", evidence=evidence))
            self.assertEqual((result["outcome"], result["retcode"]), (outcome, retcode))

    def test_what_the_check_turns_down_is_not_sent(self):
        result = self.execute(self.command(order={"volume": "0.105"}))
        self.assertEqual((result["outcome"], result["retcode"]), ("failed", 10014))
        self.assertEqual((result["broker_comment"], self.state["sent"]), ("Invalid volume", []))

    def test_a_check_that_fails_says_why_in_the_packages_words(self):
        self.fails("order_check", -2, 'Invalid "volume" argument')
        result = self.execute(self.command())
        self.assertEqual(result["reason"], 'order_check: -2 Invalid "volume" argument')
        self.fails("order_check", -10004, "No IPC connection")
        self.assertEqual(self.execute(self.command(attempt=1))["reason"], "disconnected")
        self.assertEqual(self.state["sent"], [])

    def test_no_answer_is_unknown_unless_the_package_itself_refused_the_arguments(self):
        for code, outcome in [(-2, "refused"), (-1, "unknown"), (-8, "unknown"), (-10001, "unknown"), (1, "unknown")]:
            self.bridge.warm_up(30_000)
            self.fails("order_send", code, "words", times=1)
            evidence = {"magic": str(20_000 + code), "comment": ""}
            result = self.execute(self.command(cmd_id=f"c{code}", evidence=evidence))
            self.assertEqual((result["outcome"], result["reason"]), (outcome, f"order_send: {code} words"))

    def test_an_exception_of_the_package_is_no_answer(self):
        def broken(request):
            raise SystemError("broken")

        self.terminal.order_send = broken
        self.assertEqual(self.execute(self.command())["outcome"], "unknown")

    def test_a_partial_fill_says_how_much(self):
        self.state["on_send"] = "partial"
        result = self.execute(self.command())
        self.assertEqual((result["outcome"], result["retcode"], result["volume"]), ("partial", 10010, "0.05"))


if __name__ == "__main__":
    unittest.main()
