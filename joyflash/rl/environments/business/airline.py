# ruff: noqa: E501 (wordings read best one idea a line)
"""An airline: bookings that can be moved, cancelled or given bags, under the rules of their fare."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, ClassVar

from joyflash.agent.tools import ToolError
from joyflash.rl.environments.business.world import NAMES, Action, Business, Database, Scenario, find, text, whole

_ROUTES = {"en": ["Lisbon-Oslo", "Graz-Turin", "Ghent-Porto"], "zh": ["杭州-成都", "青岛-西安", "厦门-大连"]}
_FARES = ("basic", "basic", "flexible")
_BAG_PRICE = 35


def _get_booking(database: Database, arguments: dict[str, Any]) -> Any:
    return find(database["bookings"], arguments["booking_id"], "booking")


def _list_flights(database: Database, arguments: dict[str, Any]) -> Any:
    found = {number: flight for number, flight in database["flights"].items() if flight["route"] == arguments["route"]}
    if not found:
        raise ToolError(f"there is no flight on the route {arguments['route']}")
    return found


def _change_flight(database: Database, arguments: dict[str, Any]) -> Any:
    booking = _get_booking(database, arguments)
    flight = find(database["flights"], arguments["flight"], "flight")
    old = database["flights"][booking["flight"]]
    if flight["route"] != old["route"]:
        raise ToolError("the new flight has another route")
    if flight["seats"] < 1:
        raise ToolError("the new flight is full")
    flight["seats"] -= 1
    old["seats"] += 1
    booking["flight"] = arguments["flight"]
    return booking


def _cancel_booking(database: Database, arguments: dict[str, Any]) -> Any:
    booking = _get_booking(database, arguments)
    if booking["status"] == "cancelled":
        raise ToolError("the booking is cancelled already")
    database["flights"][booking["flight"]]["seats"] += 1
    booking["status"] = "cancelled"
    return {"refund": booking["paid"]}


def _add_bags(database: Database, arguments: dict[str, Any]) -> Any:
    booking = _get_booking(database, arguments)
    if not 1 <= arguments["count"] <= 5:
        raise ToolError("between 1 and 5 bags can be added")
    booking["bags"] += arguments["count"]
    booking["paid"] += _BAG_PRICE * arguments["count"]
    return {"price": _BAG_PRICE * arguments["count"]}


class Airline(Business):
    """See the module's text; the options are those of Business."""

    policy: ClassVar[dict[str, str]] = {
        "en": "You serve the passengers of an airline. Look a booking up before you act on it. Flexible fares can be moved "
        "to another flight of the same route with free seats. Basic fares cannot be moved. Any fare can be cancelled "
        "within 24 hours of booking; later only flexible fares can. A booking can be given bags as long as it has at "
        f"most 3 in all; each costs {_BAG_PRICE}. Refuse everything else, and tell the passenger the result.",
        "zh": "你为一家航空公司的乘客服务。处理订座前先查询。灵活票价（flexible）可改到同一航线有空座的航班，基本票价（basic）不可改签。"
        "预订后24小时内任何票价都可取消，之后只有灵活票价可以。每个订座总共最多3件行李，每件"
        f"{_BAG_PRICE}元。其他要求一律拒绝，并告知乘客结果。",
    }
    actions: ClassVar[Sequence[Action]] = (
        Action("get_booking", "Look a booking up.", {"booking_id": text("number of the booking")}, _get_booking),
        Action(
            "list_flights", "Flights of a route.", {"route": text("the two cities, as in a booking")}, _list_flights
        ),
        Action(
            "change_flight",
            "Move a booking to another flight.",
            {"booking_id": text("number of the booking"), "flight": text("number of the new flight")},
            _change_flight,
        ),
        Action("cancel_booking", "Cancel a booking.", {"booking_id": text("number of the booking")}, _cancel_booking),
        Action(
            "add_bags",
            "Add bags to a booking.",
            {"booking_id": text("number of the booking"), "count": whole("how many more bags")},
            _add_bags,
        ),
    )

    def database(self, rng: random.Random, language: str) -> Database:
        """See Business."""
        flights, bookings = {}, {}
        for route in _ROUTES[language]:
            for hour in rng.sample(range(6, 22), 2):
                flights[f"JF{rng.randint(100, 999)}"] = {
                    "route": route,
                    "hour": hour,
                    "seats": rng.choice((0, 2, 3, 9)),
                }
        for _ in range(3):
            number = rng.choice(sorted(flights))
            bookings[f"B{rng.randint(1000, 9999)}"] = {
                "passenger": rng.choice(NAMES[language]),
                "flight": number,
                "route": flights[number]["route"],
                "fare": rng.choice(_FARES),
                "hours_since_booking": rng.choice((2, 20, 30, 200)),
                "bags": rng.randint(0, 2),
                "paid": rng.randint(60, 400),
                "status": "confirmed",
            }
        return {"flights": flights, "bookings": bookings}

    def scenario(self, rng: random.Random, language: str, database: Database) -> Scenario:
        """See Business."""
        booking_id = rng.choice(sorted(database["bookings"]))
        booking = database["bookings"][booking_id]
        english = language == "en"
        others = [
            number
            for number, flight in database["flights"].items()
            if flight["route"] == booking["route"] and number != booking["flight"]
        ]
        wish = rng.choice(("move", "cancel", "bags") if others else ("cancel", "bags"))
        count = rng.randint(1, 2)
        actions: list[tuple[str, dict[str, Any]]] = []
        say: list[str] = []
        flexible = booking["fare"] == "flexible"
        if wish == "move":
            target = database["flights"][others[0]]
            words = (
                f"I want to take the other flight of my route, at {target['hour']} o'clock."
                if english
                else f"我想改乘同一航线{target['hour']}点的另一个航班。"
            )
            if flexible and target["seats"] > 0:
                actions = [("change_flight", {"booking_id": booking_id, "flight": others[0]})]
        elif wish == "cancel":
            words = "I cannot travel; please cancel my booking." if english else "我不能出行了，请取消我的订座。"
            if flexible or booking["hours_since_booking"] <= 24:
                actions, say = [("cancel_booking", {"booking_id": booking_id})], [str(booking["paid"])]
        else:
            words = f"Please add bags to my booking: {count} more." if english else f"请给我的订座再加{count}件行李。"
            if booking["bags"] + count <= 3:
                actions = [("add_bags", {"booking_id": booking_id, "count": count})]
                say = [str(_BAG_PRICE * count)]
        number = f"My booking is {booking_id}." if english else f"我的订座号是{booking_id}。"
        hidden = rng.random() < 0.4
        hello = f"Good day, {booking['passenger']} here. " if english else f"你好，我是{booking['passenger']}。"
        request = hello + words + ("" if hidden else (" " if english else "") + number)
        return Scenario(request, [number] if hidden else [], actions, say, ["get_booking"])
