# ruff: noqa: E501 (wordings read best one idea a line)
"""A shop: orders that can be cancelled, sent elsewhere or returned, each under its rule."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, ClassVar

from joyflash.agent.tools import ToolError
from joyflash.rl.environments.business.world import NAMES, Action, Business, Database, Scenario, choice, find, text

_CITIES = {"en": ["Lisbon", "Oslo", "Graz", "Turin", "Ghent"], "zh": ["杭州", "成都", "青岛", "西安", "厦门"]}
_ITEMS = {"en": ["kettle", "lamp", "backpack", "keyboard", "jacket"], "zh": ["水壶", "台灯", "背包", "键盘", "外套"]}
_STATES = ("pending", "pending", "shipped", "delivered")


def _get_order(database: Database, arguments: dict[str, Any]) -> Any:
    return find(database["orders"], arguments["order_id"], "order")


def _cancel(database: Database, arguments: dict[str, Any]) -> Any:
    order = _get_order(database, arguments)
    if order["status"] != "pending":
        raise ToolError(f"the order is {order['status']} and cannot be cancelled")
    order |= {"status": "cancelled", "reason": arguments["reason"]}
    return {"refund": order["price"]}


def _change_address(database: Database, arguments: dict[str, Any]) -> Any:
    order = _get_order(database, arguments)
    if order["status"] != "pending":
        raise ToolError(f"the order is {order['status']}; its address cannot be changed")
    order["city"] = arguments["city"]
    return order


def _return(database: Database, arguments: dict[str, Any]) -> Any:
    order = _get_order(database, arguments)
    if order["status"] != "delivered":
        raise ToolError(f"the order is {order['status']}; only delivered orders can be returned")
    # The policy's limit is the assistant's to keep: the tool does not know it.
    order |= {"status": "returned", "refund_to": arguments["refund_to"]}
    return {"refund": order["price"]}


class Retail(Business):
    """See the module's text; the options are those of Business."""

    policy: ClassVar[dict[str, str]] = {
        "en": "You serve the customers of a shop. Look an order up before you act on it, and act only on orders of the "
        "customer. Pending orders can be cancelled or sent to another city. Delivered orders can be returned within 30 "
        "days of delivery, never later. Refunds of returns go to the original payment unless the customer asks for a "
        "gift card. Refuse everything else, and tell the customer the result.",
        "zh": "你为一家商店的顾客服务。处理订单前先查询，只处理该顾客自己的订单。待发货（pending）的订单可以取消或改寄到其他城市。"
        "已送达（delivered）的订单可在送达后30天内退货，超过则不可以。退货款退回原支付方式，除非顾客要求礼品卡。其他要求一律拒绝，并告知顾客结果。",
    }
    actions: ClassVar[Sequence[Action]] = (
        Action("get_order", "Look an order up.", {"order_id": text("number of the order")}, _get_order),
        Action(
            "cancel_order",
            "Cancel a pending order.",
            {
                "order_id": text("number of the order"),
                "reason": choice("why", "no longer needed", "ordered by mistake"),
            },
            _cancel,
        ),
        Action(
            "change_address",
            "Send a pending order to another city.",
            {"order_id": text("number of the order"), "city": text("the new city")},
            _change_address,
        ),
        Action(
            "return_order",
            "Take a delivered order back.",
            {
                "order_id": text("number of the order"),
                "refund_to": choice("where the money goes", "original", "gift card"),
            },
            _return,
        ),
    )

    def database(self, rng: random.Random, language: str) -> Database:
        """See Business."""
        orders = {}
        for _ in range(4):
            order_id = f"W{rng.randint(1000, 9999)}"
            status = rng.choice(_STATES)
            orders[order_id] = {
                "customer": rng.choice(NAMES[language]),
                "item": rng.choice(_ITEMS[language]),
                "price": rng.randint(10, 300),
                "city": rng.choice(_CITIES[language]),
                "status": status,
                "days_since_delivery": rng.randint(1, 60) if status == "delivered" else None,
            }
        return {"orders": orders}

    def scenario(self, rng: random.Random, language: str, database: Database) -> Scenario:
        """See Business."""
        order_id = rng.choice(sorted(database["orders"]))
        order = database["orders"][order_id]
        wish = rng.choice(("cancel", "address", "return", "return"))
        city = rng.choice([city for city in _CITIES[language] if city != order["city"]])
        card = rng.random() < 0.4
        mistake = rng.random() < 0.5
        words = _words(wish, language, order["item"], city, card, mistake)
        hidden = rng.random() < 0.4
        number = f"The order is {order_id}." if language == "en" else f"订单号是{order_id}。"
        hello = f"Hello, I am {order['customer']}. " if language == "en" else f"你好，我是{order['customer']}。"
        request = hello + words + ("" if hidden else (" " if language == "en" else "") + number)
        actions, say = _right_actions(wish, order_id, order, city, card, mistake)
        return Scenario(request, [number] if hidden else [], actions, say, ["get_order"])


def _words(wish: str, language: str, item: str, city: str, card: bool, mistake: bool) -> str:
    english = language == "en"
    if wish == "cancel":
        why = ("I ordered it by mistake" if mistake else "I no longer need it") if english else ""
        chinese = "下错单了" if mistake else "不需要了"
        return f"Please cancel my {item}; {why}." if english else f"请取消我的{item}，{chinese}。"
    if wish == "address":
        return f"Please send my {item} to {city} instead." if english else f"请把我的{item}改寄到{city}。"
    where = (" with the money on a gift card" if english else "，钱退到礼品卡") if card else ""
    return f"I want to return my {item}{where}." if english else f"我想退货：{item}{where}。"


def _right_actions(
    wish: str, order_id: str, order: dict[str, Any], city: str, card: bool, mistake: bool
) -> tuple[list[tuple[str, dict[str, Any]]], list[str]]:
    refund = [str(order["price"])]
    if wish == "cancel" and order["status"] == "pending":
        reason = "ordered by mistake" if mistake else "no longer needed"
        return [("cancel_order", {"order_id": order_id, "reason": reason})], refund
    if wish == "address" and order["status"] == "pending":
        return [("change_address", {"order_id": order_id, "city": city})], []
    if wish == "return" and order["status"] == "delivered" and order["days_since_delivery"] <= 30:
        return [("return_order", {"order_id": order_id, "refund_to": "gift card" if card else "original"})], refund
    return [], []
