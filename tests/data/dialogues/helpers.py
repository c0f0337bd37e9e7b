"""Two English dialogues and a Chinese one, small enough to know every value in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

EAT, BOOK, SKY = "Restaurants_1.FindRestaurants", "Restaurants_1.ReserveRestaurant", "Weather_1.GetWeather"


def tool(name: str, about: str, required: list[str], *optional: str) -> dict[str, Any]:
    properties = {key: {"type": "string", "description": f"The {key} wanted"} for key in (*required, *optional)}
    schema = {"type": "object", "properties": properties, "required": required}
    return {"type": "function", "function": {"name": name, "description": about, "parameters": schema}}


TOOLS = [
    tool(EAT, "Find a restaurant of a particular cuisine in a city", ["cuisine", "city"], "price_range"),
    tool(BOOK, "Reserve a table at a restaurant", ["restaurant_name", "time"], "date", "party_size"),
    tool(SKY, "Get the weather of a certain location on a date", ["city"], "date"),
]


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def says(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def calls(name: str, results: list[Any], **arguments: str) -> list[dict[str, Any]]:
    call = {"type": "function", "function": {"name": name, "arguments": arguments}}
    content = json.dumps(results, ensure_ascii=False)
    return [
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "name": name, "content": content},
    ]


FIRST = [
    user("Hello, I would like to eat out."),
    says("What cuisine, and where?"),
    user("Some THAI food in oakland, something cheap."),
    *calls(
        EAT,
        [{"restaurant_name": "Blue Lotus", "street_address": "9 Elm Road", "phone_number": "555-0101"}],
        cuisine="Thai",
        city="Oakland",
        price_range="inexpensive",
    ),
    says("Blue Lotus at 9 Elm Road is a good one."),
    user("Please book it for dinner at the restaurant."),
    *calls(BOOK, [], restaurant_name="Blue Lotus", time="19:00"),
    says("It is booked."),
    user("Thanks, bye."),
    says("Have a nice meal!"),
]
SECOND = [
    user("What is the weather in Fresno next Friday?"),
    *calls(SKY, [{"temperature": "71", "wind": "4"}], city="Fresno", date="2019-03-08"),
    says("It should be 71 degrees with 12 percent rain."),
    user("Book a table at Taco Hut for 3 on the 9th at 7 pm"),
    *calls(BOOK, [], restaurant_name="Taco Hut", time="19:00", date="2019-03-09", party_size="3"),
    says("Done."),
    user("Thank you so much!"),
    says("You're welcome."),
]
CHINESE = [
    user("你好，帮我找一家评分4.5分以上、价格在400到500元的酒店。"),
    *calls("search_hotel", [{"名称": "和颐酒店", "评分": 4.7}], 评分="4.5分以上", 价格="400-500元", 名称="绿茶"),
    says("推荐您去和颐酒店。"),
    user("我要坐出租车从和颐酒店到故宫。"),
    *calls("book_taxi", ["x"], 出发地="和颐酒店", 目的地="故宫"),
    says("好的。"),
    user("谢谢，再见。"),
    says("不客气。"),
]


def write_dialogues(path: Path, dialogues: list[list[dict[str, Any]]], language: str = "en") -> Path:
    """A file of ``dialogues``, each with the tools above where it is English."""
    tools = TOOLS if language == "en" else []
    rows = [{"messages": messages, "tools": tools, "lang": language} for messages in dialogues]
    path.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    return path
