"""The account's value net of what was paid in and out (domain.md 3.1): units are bought and redeemed at the value that a
unit has at that moment, so that a flow moves no drawdown.

Invariants: a flow counts once, and only together with its money; money that no deal explains makes the sample unsettled,
and while it is, no peak rises; of a cancelled deal the version before counts.
"""
from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Mapping, Sequence

from .guard_order import Flow, GuardOrder, GuardState, Sample

_FLOW_TYPES = ("balance", "credit", "bonus", "correction")
_CANCELLED_TYPES = ("buy_canceled", "sell_canceled")
#: Money without its deal, or a deal without its money, is waited for so long before it is judged.
_UNSETTLED_MS = 5_000
#: 12 places, half to even: what the other implementation of this guard rounds to.
_STEP = Decimal("1e-12")
_WIDE = Context(prec=60)
_ZERO, _ONE = Decimal(0), Decimal(1)


def anchored(state: GuardState, order: GuardOrder) -> GuardState:
    """The state with the figures that an order states, in place of its own; flows that it does not know are kept."""
    if state.order is not None and state.order.anchor() == order.anchor():
        return state
    flows = {ticket: flow for ticket, flow in state.flows.items() if ticket > order.booked_to}
    return replace(
        state,
        units=order.units + sum((_over(flow.money, flow.nav) for flow in flows.values()), _ZERO),
        peak=order.peak,
        nav=None,
        flows=flows,
        drift=_ZERO,
        floor_off=False,
        deals={ticket: deal for ticket, deal in state.deals.items() if ticket > order.booked_to},
    )


def settled(state: GuardState, order: GuardOrder, sample: Sample) -> tuple[GuardState, bool]:
    """The state with a sample's money taken in, and whether the sample may be judged."""
    deals = _with_deals(state, order, sample)
    booked = sum((money for money, _ in deals.values()), _ZERO)
    drift = sample.balance + sample.credit - order.balance - order.credit - booked
    due = [ticket for ticket, (money, is_flow) in deals.items() if is_flow and _paid_of(state, ticket) != money]
    # What came since the last sample has brought its money where nothing else is missing now than was then.
    new = [ticket for ticket in due if ticket not in state.deals or state.deals[ticket][0] != deals[ticket][0]]
    arrived = due if drift == 0 else new if drift == state.drift else []
    owing = drift + sum((deals[ticket][0] for ticket in due if ticket not in arrived), _ZERO)
    unsettled_ms = None if drift == 0 else sample.at_ms if state.unsettled_ms is None else state.unsettled_ms
    taken = replace(state, deals=deals, drift=drift, unsettled_ms=unsettled_ms)
    is_settled = unsettled_ms is None or sample.at_ms - unsettled_ms >= _UNSETTLED_MS
    return _paid(taken, order, sample.equity, arrived, owing), is_settled


def valued(state: GuardState, sample: Sample) -> GuardState:
    """The state with the value of a unit in a sample that is judged; a peak needs two samples, all of whose money is
    explained.
    """
    if state.unsettled_ms is not None or state.units <= 0:
        return state
    nav = _over(sample.equity, state.units)
    seen = min(nav, _ZERO if state.nav is None else state.nav)
    return replace(state, nav=nav, peak=max(seen, state.peak))


def has_fallen(state: GuardState, equity: Decimal, by_bps: int) -> bool:
    """Whether the value of a unit has fallen from its peak by so many basis points."""
    level = _WIDE.multiply(_WIDE.multiply(state.units, state.peak), Decimal(10_000 - by_bps))
    return equity * 10_000 <= level


def adds_up(sample: Sample) -> bool:
    """Whether positions, balance and credit make up the equity: within a unit of money or half a percent."""
    expected = sample.balance + sample.credit + sum((row.result for row in sample.positions), _ZERO)
    return abs(expected - sample.equity) <= max(_ONE, abs(expected) * Decimal("0.005"))


def _with_deals(state: GuardState, order: GuardOrder, sample: Sample) -> Mapping[int, tuple[Decimal, bool]]:
    deals = dict(state.deals)
    for deal in sample.deals:
        if deal.ticket <= order.booked_to or (deal.type in _CANCELLED_TYPES and deal.ticket in deals):
            continue
        deals[deal.ticket] = (deal.money, deal.type in _FLOW_TYPES)
    return deals


def _paid_of(state: GuardState, ticket: int) -> Decimal | None:
    flow = state.flows.get(ticket)
    return None if flow is None else flow.money


def _paid(
    state: GuardState, order: GuardOrder, equity: Decimal, arrived: Sequence[int], owing: Decimal
) -> GuardState:
    """Units for the flows that have arrived, at the value that a unit had without them, and without the money that no
    deal explains (`owing`): it may be a flow as well, which buys or redeems at that value later.
    """
    if not arrived:
        return state
    missing = [state.deals[ticket][0] - (_paid_of(state, ticket) or _ZERO) for ticket in arrived]
    before = equity - sum(missing, _ZERO)
    value = _over(before - owing, state.units) if state.units > 0 else _ZERO

    def noted(nav: Decimal) -> dict[int, Flow]:
        return {**state.flows, **{ticket: Flow(state.deals[ticket][0], nav) for ticket in arrived}}

    if value <= 0:
        # An empty account begins anew with what is paid in.
        return replace(state, units=max(equity, _ZERO), peak=_ONE, nav=None, flows=noted(_ONE))
    made = state.units + sum((_over(money, value) for money in missing), _ZERO)
    floor = order.equity_floor
    fell_by_it = floor is not None and before >= floor > equity
    return replace(
        state, units=max(made, _ZERO), flows=noted(value), floor_off=state.floor_off or fell_by_it
    )


def _over(number: Decimal, by: Decimal) -> Decimal:
    return _WIDE.divide(number, by).quantize(_STEP, rounding=ROUND_HALF_EVEN, context=_WIDE)
