"""CrossWOZ, the Chinese dialogues: names and descriptions of its functions, which come without definitions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from joyflash.data.dialogues.functions import Function, Parameter

# Names, Chinese and English descriptions, and for each parameter its English names, Chinese and English description,
# and whether it is required.
_TABLE: dict[str, tuple[tuple[str, ...], str, str, dict[str, tuple[tuple[str, ...], str, str, bool]]]] = {
    "search_restaurant": (
        ("search_restaurant", "find_restaurant", "restaurant_search", "query_restaurant", "canguan_chaxun"),
        "查找餐馆",
        "Find restaurants",
        {
            "名称": (("name", "restaurant_name"), "餐馆的名称", "name of the restaurant", False),
            "推荐菜": (("dish", "dish_name", "recommended_dish"), "想吃的菜", "dish to eat", False),
            "人均消费": (("cost_per_person", "budget", "price_range"), "人均消费的范围", "cost per person", False),
            "评分": (("rating", "score", "min_rating"), "评分要求", "rating wanted", False),
            "周边景点": (("near_attraction", "nearby_sight"), "附近的景点", "attraction nearby", False),
            "周边餐馆": (("near_restaurant", "nearby_restaurant"), "附近的餐馆", "restaurant nearby", False),
            "周边酒店": (("near_hotel", "nearby_hotel"), "附近的酒店", "hotel nearby", False),
        },
    ),
    "search_attraction": (
        ("search_attraction", "find_attraction", "attraction_search", "query_sights", "jingdian_chaxun"),
        "查找景点",
        "Find tourist attractions",
        {
            "名称": (("name", "attraction_name"), "景点的名称", "name of the attraction", False),
            "门票": (("ticket_price", "ticket", "admission"), "门票价格", "price of a ticket", False),
            "游玩时间": (("duration", "visit_time", "hours"), "游玩的时长", "how long a visit takes", False),
            "评分": (("rating", "score", "min_rating"), "评分要求", "rating wanted", False),
            "周边景点": (("near_attraction", "nearby_sight"), "附近的景点", "attraction nearby", False),
            "周边餐馆": (("near_restaurant", "nearby_restaurant"), "附近的餐馆", "restaurant nearby", False),
            "周边酒店": (("near_hotel", "nearby_hotel"), "附近的酒店", "hotel nearby", False),
        },
    ),
    "search_hotel": (
        ("search_hotel", "find_hotel", "hotel_search", "query_hotel", "jiudian_chaxun"),
        "查找酒店",
        "Find hotels",
        {
            "名称": (("name", "hotel_name"), "酒店的名称", "name of the hotel", False),
            "酒店类型": (("hotel_type", "type", "category"), "酒店的类型", "type of hotel", False),
            "酒店设施": (("facility", "amenities", "service"), "需要的设施或服务", "facility or service wanted", False),
            "价格": (("price", "price_range", "budget"), "价格范围", "price range", False),
            "评分": (("rating", "score", "min_rating"), "评分要求", "rating wanted", False),
            "周边景点": (("near_attraction", "nearby_sight"), "附近的景点", "attraction nearby", False),
            "周边餐馆": (("near_restaurant", "nearby_restaurant"), "附近的餐馆", "restaurant nearby", False),
            "周边酒店": (("near_hotel", "nearby_hotel"), "附近的酒店", "hotel nearby", False),
        },
    ),
    "book_taxi": (
        ("book_taxi", "call_taxi", "order_taxi", "taxi_booking", "get_cab"),
        "叫出租车",
        "Call a taxi",
        {
            "出发地": (("from", "origin", "start", "pickup"), "出发的地点", "where the ride starts", True),
            "目的地": (("to", "destination", "end"), "要去的地点", "where the ride ends", True),
        },
    ),
    "search_metro": (
        ("search_metro", "find_metro", "metro_route", "subway_search", "ditie_chaxun"),
        "查询两地附近的地铁站",
        "Find the metro stations of a trip",
        {
            "出发地": (("from", "origin", "start"), "出发的地点", "where the trip starts", True),
            "目的地": (("to", "destination", "end"), "要去的地点", "where the trip ends", True),
        },
    ),
}
RESULT_NAMES = {
    "名称": "name",
    "地址": "address",
    "电话": "phone",
    "营业时间": "opening_hours",
    "地铁": "metro",
    "推荐菜": "dishes",
    "人均消费": "cost_per_person",
    "评分": "rating",
    "门票": "ticket_price",
    "游玩时间": "duration",
    "酒店类型": "hotel_type",
    "酒店设施": "facilities",
    "价格": "price",
    "周边景点": "attractions_nearby",
    "周边餐馆": "restaurants_nearby",
    "周边酒店": "hotels_nearby",
}
"""English names of the fields of a result."""


def called_functions(row: dict[str, Any]) -> Iterator[Function]:
    """The functions of the table that a row calls."""
    for message in row["messages"]:
        for call in message.get("tool_calls") or []:
            key = call["function"]["name"]
            if key in _TABLE:
                names, about, about_en, described = _TABLE[key]
                parameters = tuple(
                    Parameter(parameter, english, (chinese, other), needed)
                    for parameter, (english, chinese, other, needed) in described.items()
                )
                yield Function(key, names, (about, about_en), parameters)
