"""Whether simple Chinese requests reach tools that are described in English, and the same tools described in Chinese.

    make serve &
    python benchmarks/english_tools.py --seeds 5

Twelve requests, each with three tools, at the server's own sampling. Counted: replies that call at all, and those that
make the one right call with the right arguments.
"""

from __future__ import annotations

import argparse
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
REQUESTS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("北京今天天气怎么样？", "get_weather", {"city": "北京"}),
    ("帮我设一个早上七点的闹钟", "set_alarm", {"time": "早上七点"}),
    ("把“今天很高兴”翻译成英语", "translate_text", {"text": "今天很高兴", "language": "英语"}),
    ("查一下上海的酒店，住3晚", "search_hotels", {"city": "上海", "nights": 3}),
    ("播放《晴天》", "play_song", {"title": "晴天"}),
    ("AAPL现在股价多少？", "get_stock_price", {"symbol": "AAPL"}),
    ("给王芳打个电话", "call_contact", {"name": "王芳"}),
    ("记一条笔记：明天交房租", "create_note", {"content": "明天交房租"}),
    ("音量调到40", "set_volume", {"level": 40}),
    ("report.txt有多少字？", "count_words", {"path": "report.txt"}),
    ("叫辆车去火车站", "book_taxi", {"destination": "火车站"}),
    ("发邮件给li@test.cn，内容是会议取消", "send_email", {"to": "li@test.cn", "body": "会议取消"}),
)


def tools_beside(name: str, language: int) -> list[dict[str, Any]]:
    """``name`` and two others, in the order of their names."""
    names = list(TOOLS)
    listed = sorted([name, *(names[(names.index(name) + step) % len(names)] for step in (3, 7))])
    functions = []
    for each in listed:
        kinds = TOOLS[each][2]
        properties = {key: {"type": kind} for key, kind in kinds.items()}
        parameters = {"type": "object", "properties": properties, "required": list(kinds)}
        functions.append({"name": each, "description": TOOLS[each][language], "parameters": parameters})
    return [{"type": "function", "function": function} for function in functions]


def main() -> None:
    """Ask and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url", default="http://127.0.0.1:8000/v1", help="where the server answers")
    parser.add_argument("--model", default="nano", help="a name that the server lists")
    parser.add_argument("--seeds", type=int, default=5, help="answers to each request")
    options = parser.parse_args()
    client = ChatClient(options.base_url, options.model)
    client.check()

    def ask(case: tuple[int, int, int]) -> tuple[bool, bool]:
        language, seed, number = case
        text, name, arguments = REQUESTS[number]
        message, _ = client.chat(
            [{"role": "user", "content": text}], tools_beside(name, language), {"seed": seed, "max_tokens": 200}
        )
        calls = [call["function"] for call in message.get("tool_calls") or ()]
        right = len(calls) == 1 and calls[0]["name"] == name and json.loads(calls[0]["arguments"]) == arguments
        return bool(calls), right

    for language, described in enumerate(("English", "Chinese")):
        cases = [(language, seed, number) for number in range(len(REQUESTS)) for seed in range(options.seeds)]
        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(ask, cases))
        called, right = (sum(each) for each in zip(*results, strict=True))
        print(f"described in {described}: {called} of {len(results)} called, {right} exactly right")


if __name__ == "__main__":
    main()
