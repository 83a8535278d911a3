"""A MetaTrader 5 terminal with its broker behind it, as the official package shows them: the package's own
functions, its named fields, None for what failed and `last_error` for why. Written from MetaQuotes' reference, and
not from the bridge.

The state is plain JSON, so that a broker can outlive a bridge that is killed. `faults` maps a function's name to
the code, words and number of times that it fails; `on_send` says what becomes of the next trade request.
"""
import time
from types import SimpleNamespace

HEDGING, NETTING = 2, 0
DEAL, PENDING, SLTP, MODIFY, REMOVE, CLOSE_BY = 1, 5, 6, 7, 8, 10
DONE, PLACED = 10009, 10008
WORDS = {
    10008: "Order placed",
    10009: "Request executed",
    10010: "Request executed partially",
    10012: "Request timed out",
    10013: "Invalid request",
    10014: "Invalid volume",
    10019: "No money",
    10022: "Invalid expiration",
    10030: "Unsupported filling mode",
    10035: "Invalid order",
    10036: "Position doesn't exist",
}


class Crash(BaseException):
    """The death of the bridge in the middle of a call."""


def symbol_fields(name, digits, bid, ask, **more):
    """Fields of `symbol_info`, with values of a raw-spread account at market execution."""
    point = 10**-digits
    return {
        **{"name": name, "visible": True, "select": True, "digits": digits, "point": point, "bid": bid, "ask": ask},
        **{"trade_tick_size": point, "trade_tick_value": 1.0, "trade_tick_value_loss": 0.8978272580355541},
        **{"trade_contract_size": 100.0, "volume_min": 0.01, "volume_max": 100.0, "volume_step": 0.01},
        **{"volume_limit": 0.0, "trade_stops_level": 20, "trade_freeze_level": 0, "spread": 20, "trade_mode": 4},
        **{"trade_exemode": 2, "filling_mode": 3, "expiration_mode": 15, "currency_base": name[:3]},
        **{"currency_profit": "USD", "time": None, **more},
    }


def new_state(now_ms=None):
    """A hedging account of 10,000 USD on a server three hours ahead of UTC; `now_ms` null is the machine's clock."""
    return {
        **{"now_ms": now_ms, "offset_ms": 3 * 3_600_000, "connected": True, "trade_allowed": True},
        "account": {
            **{"login": 500123, "server": "Demo-Server", "currency": "USD", "currency_digits": 2, "leverage": 100},
            **{"company": "A broker", "margin_mode": HEDGING, "trade_mode": 0, "trade_allowed": True},
            **{"trade_expert": True, "fifo_close": False, "margin_so_mode": 0, "margin_so_call": 50.0},
            **{"margin_so_so": 30.0, "balance": 10_000.0, "credit": 0.0, "margin": 0.0},
        },
        **{"positions": [], "orders": [], "history_orders": [], "bars": {}, "next_ticket": 1000},
        "deals": [{"ticket": 1, "type": 2, "profit": 10_000.0, "time_msc": 1_700_000_000_000}],
        "symbols": {
            "XAUUSD": symbol_fields("XAUUSD", 2, 2034.9, 2035.1),
            "EURUSD": symbol_fields("EURUSD", 5, 1.085, 1.08508, trade_contract_size=100_000.0),
            "HIDDEN": symbol_fields("HIDDEN", 3, 1.001, 1.003, visible=False),
        },
        **{"faults": {}, "on_send": None, "sent": [], "executed": [], "checked": [], "calls": []},
    }


_DEAL = {
    **{"ticket": 0, "order": 0, "time_msc": 0, "type": 0, "entry": 0, "magic": 0, "position_id": 0, "reason": 3},
    **{"volume": 0.0, "price": 0.0, "commission": 0.0, "swap": 0.0, "profit": 0.0, "fee": 0.0, "symbol": ""},
    **{"comment": "", "external_id": ""},
}
_ORDER = {
    **{"ticket": 0, "time_setup_msc": 0, "time_done_msc": 0, "time_expiration": 0, "type": 0, "type_time": 0},
    **{"type_filling": 0, "state": 1, "magic": 0, "position_id": 0, "position_by_id": 0, "reason": 3},
    **{"volume_initial": 0.0, "volume_current": 0.0, "price_open": 0.0, "sl": 0.0, "tp": 0.0},
    **{"price_stoplimit": 0.0, "symbol": "", "comment": "", "external_id": ""},
}


class FakeTerminal:
    """The package, as an object. `die` is how a crash fault ends the bridge."""

    def __init__(self, state, die=None):
        self.state = state
        self._error = (1, "Success")
        self._die = die or self._crash

    @staticmethod
    def _crash():
        raise Crash()

    def now_ms(self):
        return self.state["now_ms"] or time.time_ns() // 1_000_000

    def server_ms(self):
        return self.now_ms() + self.state["offset_ms"]

    def _fails(self, name):
        """Whether this call is one that shall fail; counts it."""
        self.state["calls"].append(name)
        fault = self.state["faults"].get(name)
        if fault is None or fault[2] <= 0:
            self._error = (1, "Success")
            return False
        fault[2] -= 1
        self._error = (fault[0], fault[1])
        return True

    def last_error(self):
        return self._error

    def initialize(self, path=None, *, timeout=60_000, portable=False):
        return not self._fails("initialize")

    def shutdown(self):
        self.state["calls"].append("shutdown")

    def terminal_info(self):
        if self._fails("terminal_info"):
            return None
        state = self.state
        return SimpleNamespace(
            connected=state["connected"], trade_allowed=state["trade_allowed"], tradeapi_disabled=False, build=4755
        )

    def account_info(self):
        if self._fails("account_info"):
            return None
        account = self.state["account"]
        profit = sum(row["profit"] for row in self._floating())
        swap = sum(row["swap"] for row in self._floating())
        equity = account["balance"] + account["credit"] + profit + swap
        level = equity / account["margin"] * 100 if account["margin"] else 0.0
        return SimpleNamespace(
            **account, profit=profit, equity=equity, margin_free=equity - account["margin"], margin_level=level
        )

    def _floating(self):
        for row in self.state["positions"]:
            symbol = self.state["symbols"][row["symbol"]]
            price = symbol["bid"] if row["type"] == 0 else symbol["ask"]
            move = (price - row["price_open"]) * (1 if row["type"] == 0 else -1)
            yield {**row, "price_current": price, "profit": round(move * row["volume"] * 100, 2)}

    def positions_get(self, *, ticket=None):
        return self._listed("positions_get", self._floating(), ticket)

    def orders_get(self, *, ticket=None):
        return self._listed("orders_get", self.state["orders"], ticket)

    def _listed(self, name, rows, ticket):
        if self._fails(name):
            return None
        return tuple(SimpleNamespace(**row) for row in rows if ticket in (None, row["ticket"]))

    def _within(self, kind, date_from, date_to):
        time_of = (lambda row: row["time_msc"]) if kind == "deals" else (lambda row: row["time_done_msc"])
        base = _DEAL if kind == "deals" else _ORDER
        rows = [{**base, **row} for row in self.state[kind]]
        return [row for row in rows if date_from * 1000 <= time_of(row) <= date_to * 1000 + 999]

    def history_orders_get(self, date_from, date_to):
        return self._history("history_orders_get", "history_orders", date_from, date_to)

    def history_deals_get(self, date_from, date_to):
        return self._history("history_deals_get", "deals", date_from, date_to)

    def _history(self, name, kind, date_from, date_to):
        if self._fails(name):
            return None
        return tuple(SimpleNamespace(**row) for row in self._within(kind, date_from, date_to))

    def history_orders_total(self, date_from, date_to):
        return None if self._fails("history_orders_total") else len(self._within("history_orders", date_from, date_to))

    def history_deals_total(self, date_from, date_to):
        return None if self._fails("history_deals_total") else len(self._within("deals", date_from, date_to))

    def symbols_get(self):
        if self._fails("symbols_get"):
            return None
        return tuple(self._symbol(name) for name in self.state["symbols"])

    def symbol_info(self, name):
        if self._fails("symbol_info"):
            return None
        if name not in self.state["symbols"]:
            self._error = (-4, "Terminal: Not found")
            return None
        return self._symbol(name)

    def _symbol(self, name):
        fields = self.state["symbols"][name]
        quoted = self.server_ms() // 1000 if fields["time"] is None else fields["time"]
        return SimpleNamespace(**{**fields, "time": quoted})

    def symbol_select(self, name, enable=True):
        if self._fails("symbol_select"):
            return False
        self.state["symbols"][name]["visible"] = enable
        return True

    def order_calc_margin(self, action, symbol, volume, price):
        return None if self._fails("order_calc_margin") else round(price * volume, 2)

    def copy_rates_range(self, symbol, timeframe, date_from, date_to):
        if self._fails("copy_rates_range"):
            return None
        return [bar for bar in self._bars(symbol, timeframe) if date_from <= bar["time"] <= date_to]

    def copy_rates_from(self, symbol, timeframe, date_from, count):
        if self._fails("copy_rates_from"):
            return None
        return [bar for bar in self._bars(symbol, timeframe) if bar["time"] <= date_from][-count:]

    def _bars(self, symbol, timeframe):
        return self.state["bars"].get(f"{symbol}/{timeframe}", [])

    def order_check(self, request):
        if self._refuses("order_check", request):
            return None
        self.state["checked"].append(request)
        retcode = self._fault_of(request)
        return SimpleNamespace(retcode=retcode, comment="Done" if retcode == 0 else WORDS[retcode])

    def order_send(self, request):
        planned, self.state["on_send"] = self.state["on_send"], None
        if planned == "crash_before":
            self._die()
        if self._refuses("order_send", request):
            return None
        self.state["sent"].append(request)
        if isinstance(planned, int):
            return self._answer(planned)
        retcode = self._fault_of(request)
        answer = self._answer(retcode) if retcode else self._execute(request, planned)
        if planned == "crash_after":
            self._die()
        if isinstance(planned, str) and planned.startswith("acted:"):
            return self._answer(int(planned[len("acted:") :]))
        if planned == "lost":
            self._error = (-10005, "IPC timeout")
            return None
        return answer

    def _refuses(self, name, request):
        if self._fails(name):
            return True
        if len(request.get("comment", "")) > 31:
            self._error = (-2, 'Invalid "comment" argument')
            return True
        return False

    def _fault_of(self, request):
        """What a trade server finds wrong with a request; 0 where nothing is."""
        action = request["action"]
        position = self._find("positions", request.get("position"))
        if "position" in request and position is None:
            return 10036
        if action == SLTP:
            return 10025 if (position["sl"], position["tp"]) == (request["sl"], request["tp"]) else 0
        if action in (MODIFY, REMOVE):
            return 0 if self._find("orders", request["order"]) else 10035
        if action not in (DEAL, PENDING):
            return 0
        symbol = self.state["symbols"][request["symbol"]]
        if round(request["volume"] / symbol["volume_step"], 6) % 1 or request["volume"] < symbol["volume_min"]:
            return 10014
        if action == DEAL:
            allowed = [f for f in (0, 1) if symbol["filling_mode"] & (1 << f)]
            allowed += {0: [0, 1, 2], 1: [0, 1, 2], 2: [], 3: [2]}[symbol["trade_exemode"]]
            return 0 if request["type_filling"] in allowed else 10030
        late = request.get("expiration", 1 << 40) <= self.server_ms() // 1000
        return 10022 if late or not symbol["expiration_mode"] & (1 << request["type_time"]) else 0

    def _execute(self, request, planned):
        self.state["executed"].append(request.get("magic"))
        if request["action"] == DEAL:
            return self._deal(request, 0.5 if planned == "partial" else 1)
        if request["action"] == PENDING:
            fields = self._order_of(request, state=1, volume_current=request["volume"])
            fields.update(type_time=request["type_time"], time_expiration=request.get("expiration", 0))
            self.state["orders"].append(fields)
            return self._answer(PLACED if planned == "placed" else DONE, order=fields["ticket"])
        if request["action"] == REMOVE:
            order = self._find("orders", request["order"])
            self.state["orders"].remove(order)
            self.state["history_orders"].append({**order, "state": 2, "time_done_msc": self.server_ms()})
        elif request["action"] == MODIFY:
            order = self._find("orders", request["order"])
            order.update(price_open=request["price"], sl=request["sl"], tp=request["tp"])
            order.update(type_time=request["type_time"], time_expiration=request.get("expiration", 0))
        elif request["action"] == SLTP:
            self._find("positions", request["position"]).update(sl=request["sl"], tp=request["tp"])
        else:
            for ticket in (request["position"], request["position_by"]):
                self.state["positions"].remove(self._find("positions", ticket))
        return self._answer(DONE, order=request.get("order", 0))

    def _deal(self, request, share):
        volume = request["volume"] * share
        rest = request["volume"] - volume
        order = self._order_of(request, state=4 if not rest else 3, volume_current=rest)
        closing = self._find("positions", request.get("position"))
        identifier = closing["identifier"] if closing else order["ticket"]
        order.update(time_done_msc=self.server_ms(), position_id=identifier)
        self.state["history_orders"].append(order)
        deal = {
            **{"ticket": self._ticket(), "order": order["ticket"], "time_msc": self.server_ms()},
            **{"type": request["type"], "entry": 1 if closing else 0, "magic": request["magic"]},
            **{"position_id": identifier, "volume": volume, "price": request["price"]},
            **{"commission": -0.35, "symbol": request["symbol"], "comment": request["comment"]},
        }
        self.state["deals"].append(deal)
        self.state["account"]["balance"] -= 0.35
        if closing is None:
            self.state["positions"].append(self._position_of(order, deal))
        elif closing["volume"] - volume < 1e-9:
            self.state["positions"].remove(closing)
        else:
            closing["volume"] -= volume
        retcode = DONE if not rest else 10010
        return self._answer(
            retcode, order=order["ticket"], deal=deal["ticket"], volume=volume, price=request["price"]
        )

    def _position_of(self, order, deal):
        return {
            **{"ticket": order["ticket"], "identifier": order["ticket"], "time_msc": self.server_ms()},
            **{"type": deal["type"], "magic": order["magic"], "reason": 3, "volume": deal["volume"]},
            **{"price_open": deal["price"], "sl": order["sl"], "tp": order["tp"], "swap": 0.0},
            **{"symbol": order["symbol"], "comment": order["comment"], "external_id": ""},
        }

    def _order_of(self, request, **more):
        return {
            **_ORDER,
            **{"ticket": self._ticket(), "time_setup_msc": self.server_ms(), "type": request["type"]},
            **{"type_filling": request["type_filling"], "magic": request["magic"], "symbol": request["symbol"]},
            **{"volume_initial": request["volume"], "price_open": request["price"]},
            **{"sl": request.get("sl", 0.0), "tp": request.get("tp", 0.0), "comment": request["comment"], **more},
        }

    def _answer(self, retcode, order=0, deal=0, volume=0.0, price=0.0):
        quote = self.state["symbols"]["XAUUSD"]
        return SimpleNamespace(
            **{"retcode": retcode, "order": order, "deal": deal, "volume": volume, "price": price},
            **{"bid": quote["bid"], "ask": quote["ask"], "comment": WORDS.get(retcode, ""), "retcode_external": 0},
        )

    def _find(self, kind, ticket):
        return next((row for row in self.state[kind] if row["ticket"] == ticket), None)

    def _ticket(self):
        self.state["next_ticket"] += 1
        return self.state["next_ticket"]
