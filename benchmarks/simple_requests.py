"""Whether simple requests reach a tool: alone and among three, described in English and in Chinese, one call and two.

    make serve &
    python benchmarks/simple_requests.py --seeds 5

Twelve requests for one call and four for the weather of two cities, in each language, at the server's own sampling.
Counted: replies that call at all, and those that make the right calls with the right arguments and no other.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from joyflash.evaluation.client import ChatClient

# Name: description in English, in Chinese, and the types of the parameters, all of them required.
TOOLS: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "get_weather": ("Get the current weather in a city.", "查询城市的当前天气。", {"city": "string"}),
    "send_email": ("Sends an e-mail to an address.", "给一个地址发送邮件。", {"to": "string", "body": "string"}),
    "set_alarm": ("Sets an alarm for a time of day.", "设置一个闹钟。", {"time": "string"}),
    "translate_text": (
        "Translates a text into another language.", "把文字翻译成另一种语言。",
        {"text": "string", "language": "string"},
    ),
    "search_hotels": ("Find hotels in a city.", "查找城市里的酒店。", {"city": "string", "nights": "integer"}),
    "play_song": ("Plays a song.", "播放一首歌。", {"title": "string"}),
    "get_stock_price": ("Returns the current price of a stock.", "查询股票的当前价格。", {"symbol": "string"}),
    "call_contact": ("Phones a person.", "给联系人打电话。", {"name": "string"}),
    "create_note": ("Saves a note.", "保存一条笔记。", {"content": "string"}),
    "set_volume": ("Sets the volume, 0 to 100.", "设置音量，0到100。", {"level": "integer"}),
    "count_words": ("Counts the words of a file.", "统计文件的字数。", {"path": "string"}),
    "book_taxi": ("Orders a taxi to a place.", "叫一辆出租车去某个地方。", {"destination": "string"}),
}  # fmt: skip
REQUESTS: tuple[tuple[str, str, str, tuple[Any, ...], tuple[Any, ...]], ...] = (
    ("What's the weather in Lisbon?", "北京今天天气怎么样？", "get_weather", ("Lisbon",), ("北京",)),
    ("Set an alarm for 6:30 am", "帮我设一个早上七点的闹钟", "set_alarm", ("6:30 am",), ("早上七点",)),
    (
        'Translate "good night" into Dutch',
        "把“今天很高兴”翻译成英语",
        "translate_text",
        ("good night", "Dutch"),
        ("今天很高兴", "英语"),
    ),
    ("Find me a hotel in Oslo for 3 nights", "查一下上海的酒店，住3晚", "search_hotels", ("Oslo", 3), ("上海", 3)),
    ('Play "Yellow Moon"', "播放《晴天》", "play_song", ("Yellow Moon",), ("晴天",)),
    ("How much is AAPL right now?", "AAPL现在股价多少？", "get_stock_price", ("AAPL",), ("AAPL",)),
    ("Call Martha please", "给王芳打个电话", "call_contact", ("Martha",), ("王芳",)),
    ("Make a note: pay the rent", "记一条笔记：明天交房租", "create_note", ("pay the rent",), ("明天交房租",)),
    ("Volume to 40", "音量调到40", "set_volume", (40,), (40,)),
    ("How many words are in report.txt?", "report.txt有多少字？", "count_words", ("report.txt",), ("report.txt",)),
    ("I need a taxi to the central station", "叫辆车去火车站", "book_taxi", ("the central station",), ("火车站",)),
    (
        "Email li@test.cn: the meeting is off",
        "发邮件给li@test.cn，内容是会议取消",
        "send_email",
        ("li@test.cn", "the meeting is off"),
        ("li@test.cn", "会议取消"),
    ),
)
"""In English, in Chinese, the tool, and the values of its parameters in each language."""
CITIES: tuple[tuple[str, str, tuple[str, str], tuple[str, str]], ...] = (
    ("What's the weather in Lisbon and in Oslo?", "上海和广州的天气怎么样？", ("Lisbon", "Oslo"), ("上海", "广州")),
    ("Weather for Paris, Rome", "北京、上海的天气", ("Paris", "Rome"), ("北京", "上海")),
    (
        "Check the weather in Boston and Denver right now",
        "查一下成都和武汉现在的天气",
        ("Boston", "Denver"),
        ("成都", "武汉"),
    ),
    (
        "How's the weather in Madrid, and what about Berlin?",
        "杭州天气如何，南京呢？",
        ("Madrid", "Berlin"),
        ("杭州", "南京"),
    ),
)
"""Requests for the weather of two cities."""
LANGUAGES = ("English", "Chinese")


def listed(name: str, language: int, others: int) -> list[dict[str, Any]]:
    """``name``, described in that language, and so many other tools, in the order of their names."""
    names = list(TOOLS)
    functions = []
    for each in sorted([name, *(names[(names.index(name) + step) % len(names)] for step in (3, 7)[:others])]):
        kinds = TOOLS[each][2]
        properties = {key: {"type": kind} for key, kind in kinds.items()}
        parameters = {"type": "object", "properties": properties, "required": list(kinds)}
        functions.append({"name": each, "description": TOOLS[each][language], "parameters": parameters})
    return [{"type": "function", "function": function} for function in functions]


def cases(language: int) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """Requests in that language, the tool of each, and the arguments of its calls."""
    found = []
    for *text, name, english, chinese in REQUESTS:
        found.append((text[language], name, [dict(zip(TOOLS[name][2], (english, chinese)[language], strict=True))]))
    for *text, english, chinese in CITIES:
        found.append((text[language], "get_weather", [{"city": city} for city in (english, chinese)[language]]))
    return found


def main() -> None:
    """Ask and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url", default="http://127.0.0.1:8000/v1", help="where the server answers")
    parser.add_argument("--model", default="nano", help="a name that the server lists")
    parser.add_argument("--seeds", type=int, default=5, help="answers to each request")
    options = parser.parse_args()
    client = ChatClient(options.base_url, options.model)
    client.check()

    def ask(case: tuple[str, str, list[dict[str, Any]], int, int, int]) -> tuple[bool, bool]:
        text, name, wanted, described, others, seed = case
        message, _ = client.chat(
            [{"role": "user", "content": text}], listed(name, described, others), {"seed": seed, "max_tokens": 200}
        )
        made = [call["function"] for call in message.get("tool_calls") or ()]
        right = [(name, arguments) for arguments in wanted]
        return bool(made), [(call["name"], json.loads(call["arguments"])) for call in made] == right

    print(f"{'request':9}{'tools':9}{'listed':>6}   one call: called, right   two calls: called, right")
    for language, described, others in itertools.product((0, 1), (0, 1), (0, 2)):
        row = f"{LANGUAGES[language]:9}{LANGUAGES[described]:9}{others + 1:6}"
        for calls in (1, 2):
            wanted = [case for case in cases(language) if len(case[2]) == calls]
            asked = [(*case, described, others, seed) for case in wanted for seed in range(options.seeds)]
            with ThreadPoolExecutor(4) as pool:
                called, right = (sum(each) for each in zip(*pool.map(ask, asked), strict=True))
            row += f"{called:14} {right:3} of {len(asked):3}"
        print(row, flush=True)


if __name__ == "__main__":
    main()
