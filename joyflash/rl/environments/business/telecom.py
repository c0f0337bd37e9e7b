# ruff: noqa: E501 (wordings read best one idea a line)
"""A phone company: lines with a plan, a data pack, roaming, and faults that are found step by step."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, ClassVar

from joyflash.agent.tools import ToolError
from joyflash.rl.environments.business.world import NAMES, Action, Business, Database, Scenario, choice, find, text

_PLANS = {"small": 9, "medium": 15, "large": 25}
_PACK_PRICE = 5


def _get_line(database: Database, arguments: dict[str, Any]) -> Any:
    return find(database["lines"], arguments["number"], "line")


def _check(database: Database, arguments: dict[str, Any]) -> Any:
    line = _get_line(database, arguments)
    return {
        "sim": "blocked" if line["blocked"] else "active",
        "mobile_data": "on" if line["data_on"] else "off",
        "data_left_gb": line["data_left_gb"],
        "roaming": "on" if line["roaming"] else "off",
        "abroad": line["abroad"],
    }


def _set(name: str, value: Any) -> Any:
    def run(database: Database, arguments: dict[str, Any]) -> Any:
        line = _get_line(database, arguments)
        if line[name] == value:
            raise ToolError("nothing to change: it is so already")
        line[name] = value
        return "done"

    return run


def _add_pack(database: Database, arguments: dict[str, Any]) -> Any:
    line = _get_line(database, arguments)
    line["data_left_gb"] += 5
    line["owed"] += _PACK_PRICE
    return {"price": _PACK_PRICE}


def _change_plan(database: Database, arguments: dict[str, Any]) -> Any:
    line = _get_line(database, arguments)
    line["plan"] = arguments["plan"]
    return {"monthly": _PLANS[arguments["plan"]]}


_NUMBER = {"number": text("the phone number")}


class Telecom(Business):
    """See the module's text; the options are those of Business."""

    policy: ClassVar[dict[str, str]] = {
        "en": "You serve the customers of a phone company. Look a line up before you act on it. If mobile data does not "
        "work, check the line and mend exactly what is wrong: mobile data off - turn it on; abroad with roaming off - "
        f"turn roaming on; no data left - add a pack for {_PACK_PRICE}. A blocked SIM is unblocked only if nothing is owed; "
        "otherwise refuse and name the amount owed. A plan can be changed only when nothing is owed. Tell the customer "
        "the result.",
        "zh": "你为一家电信公司的客户服务。处理前先查询号码。如果移动数据不能用，先检查线路，只修复真正的问题：数据开关关闭就打开；"
        f"在境外且漫游关闭就打开漫游；流量用完就加一个流量包（{_PACK_PRICE}元）。SIM卡被锁定时，只有不欠费才可解锁，否则拒绝并告知欠费金额。"
        "只有不欠费才能更换套餐。告知客户结果。",
    }
    actions: ClassVar[Sequence[Action]] = (
        Action("get_line", "Look a line up.", _NUMBER, _get_line),
        Action("check_line", "Test what may keep data from working.", _NUMBER, _check),
        Action("turn_data_on", "Turn mobile data on.", _NUMBER, _set("data_on", True)),
        Action("turn_roaming_on", "Turn roaming on.", _NUMBER, _set("roaming", True)),
        Action("unblock_sim", "Unblock the SIM card.", _NUMBER, _set("blocked", False)),
        Action("add_data_pack", "Add 5 GB for a price.", _NUMBER, _add_pack),
        Action(
            "change_plan",
            "Change the plan of a line.",
            {**_NUMBER, "plan": choice("the new plan", *_PLANS)},
            _change_plan,
        ),
    )

    def database(self, rng: random.Random, language: str) -> Database:
        """See Business."""
        lines = {}
        for _ in range(3):
            lines[f"07{rng.randint(10**6, 10**7 - 1)}"] = {
                "customer": rng.choice(NAMES[language]),
                "plan": rng.choice(sorted(_PLANS)),
                "owed": rng.choice((0, 0, 12, 30)),
                "blocked": False,
                "data_on": True,
                "data_left_gb": rng.randint(1, 20),
                "abroad": False,
                "roaming": False,
            }
        return {"lines": lines}

    def scenario(self, rng: random.Random, language: str, database: Database) -> Scenario:
        """See Business."""
        number = rng.choice(sorted(database["lines"]))
        line = database["lines"][number]
        english = language == "en"
        actions: list[tuple[str, dict[str, Any]]] = []
        say: list[str] = []
        look_up = ["get_line"]
        if rng.random() < 0.65:
            fault = rng.choice(("data", "roaming", "pack", "blocked"))
            look_up = ["check_line"]
            words = "My mobile data does not work." if english else "我的移动数据用不了。"
            if fault == "data":
                line["data_on"] = False
                actions = [("turn_data_on", {"number": number})]
            elif fault == "roaming":
                line["abroad"] = True
                words = "I am abroad and have no mobile data." if english else "我在国外，没有移动数据。"
                actions = [("turn_roaming_on", {"number": number})]
            elif fault == "pack":
                line["data_left_gb"] = 0
                actions, say = [("add_data_pack", {"number": number})], [str(_PACK_PRICE)]
            else:
                line["blocked"] = True
                if line["owed"]:
                    say = [str(line["owed"])]
                else:
                    actions = [("unblock_sim", {"number": number})]
        else:
            plan = rng.choice([plan for plan in _PLANS if plan != line["plan"]])
            words = f"Please change my plan to {plan}." if english else f"请把我的套餐换成 {plan}。"
            if not line["owed"]:
                actions, say = [("change_plan", {"number": number, "plan": plan})], [str(_PLANS[plan])]
        hidden = rng.random() < 0.4
        mine = f"My number is {number}." if english else f"我的号码是{number}。"
        hello = f"Hi, this is {line['customer']}. " if english else f"你好，我是{line['customer']}。"
        request = hello + words + ("" if hidden else (" " if english else "") + mine)
        return Scenario(request, [mine] if hidden else [], actions, say, look_up)
