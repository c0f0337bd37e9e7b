"""Human-written task dialogues, cut into short tool-use conversations.

A whole dialogue is long and few of its tokens are calls. A *window* is one call with the one to three user turns that
hold the values of its arguments; the call repeats each value as the user wrote it, and nothing else. Each sample lists
the called function and a few others under fresh names; some samples are requests that no listed tool fits, and some
are thanks that need no tool.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from joyflash.data.conversations import TrainingTemplate, parse_conversation, render_conversation
from joyflash.data.jsonl import parse_row, read_lines
from joyflash.data.order import shuffled
from joyflash.data.samples import Sample
from joyflash.errors import DataError
from joyflash.tasks.tool_use import load_phrases
from joyflash.tasks.words import fits, identifier, join_words

_NO_TOOL, _TALK, _REPLY = 0.12, 0.15, 0.6
_OTHERS, _OTHERS_WEIGHTS = (0, 1, 2, 3, 4), (15, 25, 30, 20, 10)
_MOST_PARAMETERS = 4
_MOST_TURNS = 3
_LONGEST = {"en": (260, 130, 240), "zh": (110, 60, 110)}
"""Longest user turn, assistant turn between two of them, and final reply, in characters."""

_TODAY = date(2019, 3, 1)
"""The day on which the schema-guided dialogues take place."""
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_COUNTS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_ONES = r"(?= (?:tickets?|persons?|people|rooms?|bed|bath|seats?|passenger|days?|nights?|adults?|riders?))"
_PART_OF_DAY = {"a": "in the morning", "p": "in the (?:afternoon|evening)|at night"}

_CONSENT = re.compile(r"\b(yes|yeah|yep|yup|sure|correct|right|confirm|perfect|ok|okay|good|great|fine)\b", re.I)
_THANKS = {
    "en": re.compile(r"\b(thank|thanks|bye|goodbye|appreciate)", re.I),
    "zh": re.compile("谢|再见|拜拜"),
}
_MORE = {
    "en": re.compile(r"\?|\b(find|book|get me|check|could you|can you|need|want|looking)\b", re.I),
    "zh": re.compile("[?？吗呢]|帮我|请|想|找|要"),
}

# What a request of each group of services is about. Requests that name their group, and none of the listed tools',
# are clear enough to be declined.
_GROUPS = {
    "Restaurants": r"restaurant|table|eat|dine|dining|food|cuisine|dinner|lunch",
    "Events": r"event|concert|game|match|ticket|show\b",
    "Calendar": r"calendar|schedule|agenda|event",
    "Travel": r"attraction|museum|park|sightsee|to visit|things to do|place",
    "Movies": r"movie|film|theat|watch|cinema|show\b",
    "Weather": r"weather|rain|temperature|forecast|humid|wind",
    "Banks": r"bank|balance|transfer|account|money",
    "Hotels": r"hotel|room|apartment|house|stay|property|place|lodging|accommodation|bed",
    "Services": r"doctor|dentist|stylist|salon|hair|barber|appointment|gynecolog|dermatolog|ophthalm|physician|dental",
    "Music": r"song|music|listen|album|track|play\b",
    "RideSharing": r"cab|taxi|ride",
    "RentalCars": r"car\b|cars\b|rental",
    "Buses": r"\bbus|trip|travel",
    "Flights": r"flight|fly|plane|airline|ticket|trip|travel",
    "search_restaurant": "餐|吃|饭|菜|馆",
    "search_attraction": "景点|玩|游",
    "search_hotel": "酒店|宾馆|住",
    "book_taxi": "出租|打车|的士|叫.{0,3}车|车",
    "search_metro": "地铁",
}
_SAME_GROUP = {"Media": "Movies", "Homes": "Hotels"}

_SYNONYMS = (
    ("find", "search", "lookup", "get", "list"),
    ("reserve", "book"),
    ("buy", "purchase", "order"),
    ("schedule", "arrange", "book"),
    ("check", "get", "show"),
    ("add", "create"),
    ("transfer", "send"),
    ("play", "start"),
    ("get", "fetch", "show"),
)
# Names of functions that say too little without their service.
_FUNCTION_NAMES = {
    "Services_1.FindProvider": "find_hair_stylist",
    "Services_1.BookAppointment": "book_stylist_appointment",
    "Services_2.FindProvider": "find_dentist",
    "Services_2.BookAppointment": "book_dentist_appointment",
    "Services_3.FindProvider": "find_doctor",
    "Services_3.BookAppointment": "book_doctor_appointment",
    "RideSharing_1.GetRide": "get_taxi",
    "RideSharing_2.GetRide": "book_cab",
    "Media_1.FindMovies": "find_movies_by_genre",
    "Movies_1.FindMovies": "find_movies_in_theaters",
    "Music_2.PlayMedia": "play_song",
    "Music_2.LookupMusic": "find_song",
    "Calendar_1.GetEvents": "get_calendar_events",
    "Calendar_1.AddEvent": "add_calendar_event",
    "Calendar_1.GetAvailableTime": "get_available_time",
    "Homes_1.ScheduleVisit": "schedule_property_visit",
}
_PARAMETER_NAMES = {
    "city": ("city", "town", "location", "city_name"),
    "location": ("location", "place", "city", "where"),
    "area": ("area", "city", "location"),
    "date": ("date", "day", "when"),
    "time": ("time", "at", "hour"),
    "destination": ("destination", "to", "going_to"),
    "destination_city": ("destination_city", "to_city", "arrival", "to"),
    "origin_city": ("origin_city", "from_city", "departure", "origin"),
    "from_location": ("from_location", "from", "origin", "start"),
    "to_location": ("to_location", "to", "destination", "end"),
    "party_size": ("party_size", "people", "guests", "seats"),
    "genre": ("genre", "kind", "category"),
    "artist": ("artist", "singer", "performer", "artist_name"),
    "cuisine": ("cuisine", "food", "food_type"),
    "amount": ("amount", "sum", "value"),
    "directed_by": ("directed_by", "director"),
}

# Functions of the Chinese dialogues, which come without definitions: names, Chinese and English descriptions, and for
# each parameter its English names, Chinese and English description, and whether it is required.
_CHINESE: dict[str, tuple[tuple[str, ...], str, str, dict[str, tuple[tuple[str, ...], str, str, bool]]]] = {
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
_CHINESE_RESULTS = {
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


@dataclass(frozen=True)
class Parameter:
    """A parameter of a function of the file: names in snake_case and descriptions it may be listed under."""

    key: str
    names: tuple[str, ...]
    about: tuple[str, ...]
    required: bool
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Function:
    """A function of the file. Functions of one ``group`` may be able to do each other's work."""

    key: str
    names: tuple[str, ...]
    about: tuple[str, ...]
    parameters: tuple[Parameter, ...]

    @property
    def service(self) -> str:
        """``Restaurants_1`` of ``Restaurants_1.FindRestaurants``."""
        return self.key.partition(".")[0]

    @property
    def group(self) -> str:
        """Its kind of service, whatever the number."""
        kind = re.sub(r"_\d+$", "", self.service)
        return _SAME_GROUP.get(kind, kind)


@dataclass(frozen=True)
class Window:
    """One call and the turns before it that say its values.

    Attributes:
        turns: (role, text), from a user turn to a user turn.
        function: key of the called function.
        arguments: by the file's parameter names, each value as the user wrote it.
        dropped: parameters of the annotation that the user said in other words; they must not be listed.
        results: what the reply repeats of the result, as the reply has it; empty without a usable reply.
        reply: what the human assistant said next.
    """

    turns: tuple[tuple[str, str], ...]
    function: str
    arguments: dict[str, str]
    dropped: frozenset[str]
    results: tuple[dict[str, Any], ...] = ()
    reply: str = ""


@dataclass(frozen=True)
class Talk:
    """Thanks or a farewell, the human answer, and the functions of the dialogue."""

    user: str
    reply: str
    functions: tuple[str, ...]


@dataclass
class ToolDialogues:
    """What a file gives: functions by key, windows, and small talk."""

    language: str
    functions: dict[str, Function] = field(default_factory=dict)
    windows: list[Window] = field(default_factory=list)
    talks: list[Talk] = field(default_factory=list)

    def closed(self) -> list[Window]:
        """The windows of a single turn that names clearly what it asks for."""
        return [
            window
            for window in self.windows
            if len(window.turns) == 1 and _about(window.turns[0][1], self.functions[window.function].group)
        ]


def read_tool_dialogues(path: Path) -> ToolDialogues:
    """Read a file of task dialogues (OpenAI-shaped rows with calls, results, ``tools`` and ``lang``).

    Raises:
        DataError: the file cannot be read, a row has another form, or no call of it can be used.
    """
    found: ToolDialogues | None = None
    for number, line in read_lines(path):
        row = parse_row(path, number, line)
        language = row.get("lang", row.get("language"))
        if language not in _LONGEST:
            raise DataError(f"{path} line {number}: 'lang' must be one of {', '.join(_LONGEST)}, not {language!r}.")
        found = found or ToolDialogues(language)
        if language != found.language:
            raise DataError(f"{path} line {number}: one file holds one language, but here 'lang' is {language!r}.")
        try:
            for function in _functions(row):
                found.functions.setdefault(function.key, function)
            _cut(row["messages"], found)
        except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise DataError(f"{path} line {number} is no tool dialogue ({reason}).") from error
    if found is None or not found.windows:
        raise DataError(f"{path} holds no call whose values the user wrote.")
    return found


class ToolDialogueSource:
    """Short tool-use conversations cut from one file of dialogues.

    Args:
        name: of the file; the source is named ``name_short``, so that the file may also be a chat source.
        dialogues: what ``read_tool_dialogues`` found.
        template: renders the conversations.
        seed: of the whole source.
        longest: tokens of a sample; listed tools, then the reply, are left out to keep to it.
    """

    def __init__(
        self, name: str, dialogues: ToolDialogues, template: TrainingTemplate, *, seed: int, longest: int = 360
    ):
        if not dialogues.windows:
            raise DataError(f"The dialogues of '{name}' hold no call whose values the user wrote.")
        self.name = f"{name}_short"
        self.dialogues = dialogues
        self.template = template
        self.seed = seed
        self.longest = longest
        self._closed = dialogues.closed()

    def sample(self, index: int) -> Sample:
        sample = None
        for most in (4, 2, 1, 0):
            sample = render_conversation(parse_conversation(self.row(index, most)), self.template)
            if len(sample) <= self.longest:
                break
        assert sample is not None
        return Sample(sample.ids_n, sample.weights_n, f"dialogues/{self.name}", splittable=False)

    def row(self, index: int, most: int = 4) -> dict[str, Any]:
        """The conversation at ``index`` in OpenAI's form, with at most ``most`` other tools (0: and no reply)."""
        key = f"{self.seed}/{self.name}"
        rng = random.Random(f"{key}/{index}")
        roll = rng.random()
        if roll < _NO_TOOL and self._closed:
            window = self._closed[shuffled(index, len(self._closed), f"{key}/no_tool")]
            row = _no_tool_row(window, self.dialogues, rng, most)
            if row is not None:
                return row
        elif _NO_TOOL <= roll < _NO_TOOL + _TALK and self.dialogues.talks:
            talk = self.dialogues.talks[shuffled(index, len(self.dialogues.talks), f"{key}/talk")]
            return _talk_row(talk, self.dialogues, rng, most)
        window = self.dialogues.windows[shuffled(index, len(self.dialogues.windows), key)]
        return _call_row(window, self.dialogues, rng, most)


def written(value: str, text: str, taken: Iterable[tuple[int, int]] = ()) -> tuple[int, int] | None:
    """Where ``text`` says ``value``, outside of ``taken``: verbatim but for case, or as a date, time or count is said.

    >>> text = "A table for 2 on the 8th at 7 pm"
    >>> [text[slice(*written(value, text))] for value in ("2", "2019-03-08", "19:00")]
    ['2', '8th', '7 pm']
    """
    taken = list(taken)
    for first, last in _places(value, text):
        if all(last <= start or first >= end for start, end in taken):
            return first, last
    return None


@lru_cache(maxsize=4_096)
def _places(value: str, text: str) -> tuple[tuple[int, int], ...]:
    return tuple(match.span() for pattern in _spellings(value) for match in pattern.finditer(text))


@lru_cache(maxsize=50_000)
def _spellings(value: str) -> tuple[re.Pattern[str], ...]:
    """Patterns of the ways in which a person writes ``value``, the fullest first."""
    day, clock = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", value), re.fullmatch(r"(\d\d):(\d\d)", value)
    if day:
        patterns = _day_patterns(date(*map(int, day.groups())))
    elif clock:
        patterns = _time_patterns(int(clock[1]), clock[2])
    elif value.isascii() and value.isdigit():
        patterns = _count_patterns(value)
    else:
        patterns = _text_patterns(value)
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


def _day_patterns(day: date) -> list[str]:
    month = _MONTHS[day.month - 1]
    month = rf"{month[:3]}(?:{month[3:]})?\.?" if len(month) > 3 else month
    number, nth = str(day.day), r"(?:st|nd|rd|th)"
    weekday = _WEEKDAYS[day.weekday()]
    near = {0: ["later today", "today", "tonight"], 1: ["tomorrow"], 2: ["(?:the )?day after tomorrow"]}
    words = near.get((day - _TODAY).days, [])
    return [
        rf"\b{re.escape(day.isoformat())}\b",
        rf"\b{month} (?:the )?{number}{nth}?\b(?!:|\s?[ap]\.?m)",
        rf"\b{number}{nth}? (?:of )?{month}(?!\w)",
        rf"\b{number}{nth} of this month\b",
        rf"\b{number}{nth}\b(?! (?:of|{'|'.join(_MONTHS)}|street|st|avenue|ave|floor)\b)",
        rf"\b(?:(?:this|next|coming|upcoming) )?{weekday}(?: (?:of )?(?:this|next) week)?\b",
        *[rf"(?<!after )\b{word}\b" for word in words],
    ]


def _time_patterns(hour: int, minute: str) -> list[str]:
    half, short = ("a" if hour < 12 else "p"), hour % 12 or 12
    part = rf"\s?(?:{half}\.?m\b\.?|(?:o'clock )?(?:{_PART_OF_DAY[half]})\b)"
    said = rf"(?:{short}|{_COUNTS[short]})"
    patterns = [rf"(?<![\d:]){short}:{minute}{part}", rf"(?<![\d:])0?{hour}:{minute}(?!\d|\s?[ap]\.?m)"]
    if minute == "00":
        patterns += [rf"(?<![\d:])\b{said}{part}", rf"\b{said} o'clock\b", *([r"\bnoon\b"] if hour == 12 else [])]
    if minute == "30":
        patterns += [rf"\bhalf past {said}(?:{part})?(?!\w)"]
    if minute in ("15", "45"):
        other = said if minute == "15" else rf"(?:{short % 12 + 1}|{_COUNTS[short % 12 + 1]})"
        patterns += [rf"\bquarter {'past' if minute == '15' else 'to'} {other}(?:{part})?(?!\w)"]
    return [*patterns, rf"(?<![\d:]){short}:{minute}(?!\d|\s?[ap]\.?m)"]


def _count_patterns(value: str) -> list[str]:
    number = int(value)
    before = r"(?<![\w.,:/#$-])" if number < 10 else r"(?<![\w.,:/#-])"
    digits = value if number < 1000 else f"{value[:-3]},?{value[-3:]}"
    after = r"(?![\w/-]|[.,:]\d|\s?[ap]\.?m\b|\s?o'clock| in the | (?:street|st|avenue|ave|road)\b|\s?stars?\b)"
    patterns = [rf"{before}{digits}{after}"]
    if 1 <= number < len(_COUNTS):
        after = _ONES if number == 1 else r"(?![\w-]| [ap]\.?m\b| o'clock| in the )"
        patterns.append(rf"\b{_COUNTS[number]}{after}")
    return patterns


def _text_patterns(value: str) -> list[str]:
    """``value`` verbatim; in Chinese also ranges with another dash, and items with a word between them."""
    value = value.strip()
    if not value:
        return []
    before = r"(?<![A-Za-z0-9])" if value[0].isascii() and value[0].isalnum() else ""
    after = r"(?![A-Za-z0-9])" if value[-1].isascii() and value[-1].isalnum() else ""
    before = r"(?<![\w.\-])" if value[0].isdigit() and value.isascii() else before
    before = r"(?<![\d.~\-])" if value[0].isdigit() and not value.isascii() else before
    dash = r"\s*[-~－—～到至]\s*"
    bounds = re.fullmatch(r"([\d.]+)(\D*?) ?- ?([\d.]+)(\D+)", value)
    if bounds and not value.isascii():
        low, unit, high, end = map(re.escape, bounds.groups())
        return [rf"{before}{low}(?:{unit or end})?{dash}{high}{end}"]
    parts = [re.escape(part) for part in value.split()]
    return [before + (r"\s+" if value.isascii() else r".{0,3}?").join(parts) + after]


def _functions(row: dict[str, Any]) -> Iterator[Function]:
    """The functions that a row defines, and those it calls that are known without a definition."""
    for tool in row.get("tools") or []:
        function = tool["function"]
        schema = function.get("parameters") or {}
        required = schema.get("required") or []
        parameters = tuple(
            Parameter(
                key,
                _parameter_names(key),
                _descriptions(about.get("description", "")),
                key in required,
                tuple(map(str, about.get("enum", ()))),
            )
            for key, about in (schema.get("properties") or {}).items()
        )
        key = function["name"]
        yield Function(key, _function_names(key), _descriptions(function.get("description", "")), parameters)
    for message in row["messages"]:
        for call in message.get("tool_calls") or []:
            key = call["function"]["name"]
            if key in _CHINESE:
                names, about, about_en, described = _CHINESE[key]
                parameters = tuple(
                    Parameter(parameter, english, (chinese, other), needed)
                    for parameter, (english, chinese, other, needed) in described.items()
                )
                yield Function(key, names, (about, about_en), parameters)


def _function_names(key: str) -> tuple[str, ...]:
    """snake_case names of a function, without its service and with synonyms of its verb."""
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key.rpartition(".")[2]).lower()
    verb, _, rest = _FUNCTION_NAMES.get(key, plain).partition("_")
    others = next((group for group in _SYNONYMS if group[0] == verb), (verb,))
    names = [f"{other}_{rest}" if rest else other for other in others]
    return (names[0], *names)


def _parameter_names(key: str) -> tuple[str, ...]:
    if key in _PARAMETER_NAMES:
        return (key, *_PARAMETER_NAMES[key])
    counted = re.fullmatch(r"number_of_(\w+)", key)
    if counted:
        return (key, counted[1], f"num_{counted[1]}", f"{counted[1]}_count", f"how_many_{counted[1]}")
    return (key,)


def _descriptions(text: str) -> tuple[str, ...]:
    """A description, shortened, and a shorter one where it ends in details; nothing for an empty one."""
    text = re.sub(r"^Boolean flag (?:indicating )?(?:if|whether) ", "whether ", text.strip())
    text = text.removesuffix(" or not").removesuffix(".")
    short = re.split(r" and optionally | for the given | for specified |, | based on ", text)[0]
    return tuple(dict.fromkeys(part for part in (text, short) if part))


def _cut(messages: list[dict[str, Any]], found: ToolDialogues) -> None:
    """Add the windows and the small talk of one dialogue."""
    longest_user, _, longest_reply = _LONGEST[found.language]
    for at, message in enumerate(messages):
        calls = message.get("tool_calls") or []
        if len(calls) == 1:
            window = _window(messages, at, found)
            if window:
                found.windows.append(window)
    user, reply = messages[-2:] if len(messages) > 1 else ({}, {})
    if user.get("role") != "user" or reply.get("role") != "assistant" or reply.get("tool_calls"):
        return
    asked, said, language = user["content"].strip(), reply["content"].strip(), found.language
    plain = _THANKS[language].search(asked) and not _MORE[language].search(asked) and not re.search(r"\d", asked + said)
    if plain and said and len(asked) < longest_user / 2 and len(said) < longest_reply / 2:
        used = [call["function"]["name"] for message in messages for call in message.get("tool_calls") or []]
        functions = tuple(dict.fromkeys(name for name in used if name in found.functions))
        if functions:
            found.talks.append(Talk(asked, said, functions))


def _window(messages: list[dict[str, Any]], at: int, found: ToolDialogues) -> Window | None:
    """The window of the call in message ``at``; None where the user does not say what the call needs."""
    call = messages[at]["tool_calls"][0]["function"]
    function = found.functions[call["name"]]
    given = json.loads(call["arguments"]) if isinstance(call["arguments"], str) else call["arguments"]
    values = {key: str(value) for key, value in given.items()}
    turns = _turns_before(messages, at, found.language)
    users = [text for role, text in turns if role == "user"]
    if not users or not values:
        return None
    best = _locate(values, users)
    count = next(k for k in range(1, len(users) + 1) if len(_locate(values, users[-k:])) == len(best))
    arguments = _locate(values, users[-count:])
    turns = turns[len(turns) - (2 * count - 1) :]
    required = {parameter.key for parameter in function.parameters if parameter.required}
    known = {parameter.key for parameter in function.parameters}
    if not arguments or required - set(arguments) or set(arguments) - known or len(arguments) > _MOST_PARAMETERS:
        return None
    said_last = _locate(values, users[-1:])
    if not said_last and (len(users[-1].split()) > 8 or not _CONSENT.search(users[-1])):
        return None
    dropped = frozenset(values) - set(arguments)
    heard = [m["content"] for m in messages[:at] if m["role"] == "assistant" and m.get("content")]
    if any(written(values[key], text) for key in dropped for text in heard):
        return None  # the request points at something said before
    if function.group in _GROUPS and not any(_about(text, function.group) for _, text in turns):
        return None  # it only goes on with what was asked before ("And in London?")
    results, reply = _told(messages, at, " ".join(text for _, text in turns), found.language)
    return Window(tuple(turns), function.key, arguments, dropped, results, reply)


def _turns_before(messages: list[dict[str, Any]], at: int, language: str) -> list[tuple[str, str]]:
    """Up to three short user turns before message ``at`` and the assistant's short turns between them."""
    longest_user, longest_between, _ = _LONGEST[language]
    turns: list[tuple[str, str]] = []
    kept = 0
    for message in reversed(messages[:at]):
        role, text = message["role"], (message.get("content") or "").strip()
        wanted = "assistant" if len(turns) % 2 else "user"
        longest = longest_between if len(turns) % 2 else longest_user
        if role != wanted or message.get("tool_calls") or not 0 < len(text) <= longest:
            break
        turns.append((role, text))
        if role == "user":
            kept = len(turns)
            if kept == 2 * _MOST_TURNS - 1:
                break
    return turns[:kept][::-1]


def _locate(values: dict[str, str], users: Sequence[str]) -> dict[str, str]:
    """The values that the user wrote, as written there; no two share a place. The latest turn counts first."""
    taken: list[list[tuple[int, int]]] = [[] for _ in users]
    places: dict[str, str] = {}
    for key in sorted(values, key=lambda key: -len(values[key])):
        for turn in reversed(range(len(users))):
            span = written(values[key], users[turn], taken[turn])
            if span:
                taken[turn].append(span)
                places[key] = users[turn][slice(*span)]
                break
    return {key: places[key] for key in values if key in places}


def _told(messages: list[dict[str, Any]], at: int, asked: str, language: str) -> tuple[tuple[dict[str, Any], ...], str]:
    """What the reply after message ``at`` repeats of the result, and the reply; nothing where it says more."""
    after = messages[at + 1 : at + 3]
    if [message["role"] for message in after] != ["tool", "assistant"] or after[1].get("tool_calls"):
        return (), ""
    reply = (after[1].get("content") or "").strip()
    try:
        results = json.loads(after[0]["content"])
    except ValueError:
        return (), ""
    if not isinstance(results, list) or not 0 < len(reply) <= _LONGEST[language][2]:
        return (), ""
    taken: list[tuple[int, int]] = []
    told: list[dict[str, Any]] = []
    new = False
    for result in [item for item in results if isinstance(item, dict)][:2]:
        fields: dict[str, Any] = {}
        for key, value in sorted(result.items(), key=lambda item: -len(str(item[1]))):
            repeated = _repeated(key, value, reply, taken)
            if repeated is not None:
                fields[key] = repeated
                new |= str(value) not in ("True", "False") and written(str(repeated), asked) is None
        if fields:
            told.append({key: fields[key] for key in result if key in fields})
    if not new or not _supported(reply, taken, asked, language):
        return (), ""
    return tuple(told), reply


def _repeated(key: str, value: Any, reply: str, taken: list[tuple[int, int]]) -> Any:
    """``value`` as the reply has it (of a list, the items there), or None; ``taken`` gets the places."""
    if isinstance(value, list):
        items = [_repeated(key, item, reply, taken) for item in value]
        return [item for item in items if item is not None] or None
    text = str(value)
    if text in ("True", "False"):
        words = [word for word in key.split("_") if word not in ("has", "is", "good", "for", "offers", "serves")]
        return text if all(word in reply.lower() for word in words) else None
    text = text.removesuffix(".0") if isinstance(value, float) else text
    span = written(text, reply, taken)
    if not span:
        return None
    taken.append(span)
    found = reply[slice(*span)]
    return value if isinstance(value, int | float) else found


def _supported(reply: str, taken: list[tuple[int, int]], asked: str, language: str) -> bool:
    """Whether every number and name of the reply comes from the result or from the user."""
    rest = list(reply)
    for start, end in taken:
        rest[start:end] = " " * (end - start)
    left = "".join(rest)
    if language == "zh":
        claims = re.findall(r"[\dA-Za-z]+(?:\.\d+)?", left)
        sorry = re.search("抱歉|不好意思|对不起|没有", left)
        return not sorry and all(claim in asked for claim in claims)
    counts = "|".join(_COUNTS[2:])
    claims = re.findall(rf"\b(?:{counts})\b|\w*\d[\w.:,]*|(?<![.?!:] )(?<!^)(?<!\w)(?!I\b)[A-Z][\w']*", left)
    return all(claim.strip(".,:").lower() in asked.lower() for claim in claims)


def _about(text: str, group: str) -> bool:
    """Whether a request names what ``group`` is about."""
    return group in _GROUPS and re.search(_GROUPS[group], text, re.IGNORECASE) is not None


@dataclass(frozen=True)
class _Listed:
    """A function as one sample lists it: the tool, and (name, is integer) of each parameter by its key."""

    tool: dict[str, Any]
    parameters: dict[str, tuple[str, bool]]

    @property
    def name(self) -> str:
        return self.tool["function"]["name"]


def _call_row(window: Window, dialogues: ToolDialogues, rng: random.Random, most: int) -> dict[str, Any]:
    """The turns of a window, its call, and in about half of the samples the result and the reply."""
    english = rng.random() < 0.5
    function = dialogues.functions[window.function]
    target = _list_function(function, dialogues.language, rng, english, window)
    others = [
        other
        for other in dialogues.functions.values()
        if other.group != function.group or (other.service == function.service and other is not function)
    ]
    near = [other for other in others if other.service == function.service]
    if near and rng.random() < 0.4:
        first = rng.choice(near)
        others = [first, *rng.sample([other for other in others if other is not first], len(others) - 1)]
    else:
        rng.shuffle(others)
    count = min(rng.choices(_OTHERS, _OTHERS_WEIGHTS)[0], most)
    tools = _listing([target], others, count, dialogues.language, rng, english)
    arguments = {
        name: int(window.arguments[key]) if integer else window.arguments[key]
        for key, (name, integer) in target.parameters.items()
        if key in window.arguments
    }
    call = {
        "id": f"call_{rng.getrandbits(32):08x}",
        "type": "function",
        "function": {"name": target.name, "arguments": json.dumps(arguments, ensure_ascii=False)},
    }
    messages: list[dict[str, Any]] = [*_opening(dialogues.language, rng)]
    for role, text in window.turns:
        messages.append({"role": role, "content": text, **({"weight": 0} if role == "assistant" else {})})
    messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
    if window.reply and most and rng.random() < _REPLY:
        content = _result_text(window.results, target, rng, english)
        messages.append({"role": "tool", "tool_call_id": call["id"], "name": target.name, "content": content})
        messages.append({"role": "assistant", "content": window.reply})
    return _row(messages, tools, "dialogue_call", dialogues.language)


def _no_tool_row(window: Window, dialogues: ToolDialogues, rng: random.Random, most: int) -> dict[str, Any] | None:
    """A clear request among tools of which none fits, declined; None where every tool might fit."""
    text = window.turns[0][1]
    group = dialogues.functions[window.function].group
    others = [other for other in dialogues.functions.values() if other.group != group and not _about(text, other.group)]
    if not others:
        return None
    rng.shuffle(others)
    count = min(rng.choices(_OTHERS, _OTHERS_WEIGHTS)[0], max(most, 1))
    tools = _listing([], others, max(count, 1), dialogues.language, rng, rng.random() < 0.5)
    answer = load_phrases(dialogues.language).grammar.expand("decline", rng)
    messages = [*_opening(dialogues.language, rng), {"role": "user", "content": text}]
    return _row([*messages, {"role": "assistant", "content": answer}], tools, "dialogue_no_tool", dialogues.language)


def _talk_row(talk: Talk, dialogues: ToolDialogues, rng: random.Random, most: int) -> dict[str, Any]:
    """Thanks or a farewell with tools at hand, answered as the human assistant did."""
    own = [dialogues.functions[name] for name in talk.functions]
    others = [function for function in dialogues.functions.values() if function not in own]
    rng.shuffle(own)
    rng.shuffle(others)
    count = max(1, min(rng.choices(_OTHERS, _OTHERS_WEIGHTS)[0], most))
    tools = _listing([], [own[0], *others], count, dialogues.language, rng, rng.random() < 0.5)
    messages = [*_opening(dialogues.language, rng), {"role": "user", "content": talk.user}]
    messages.append({"role": "assistant", "content": talk.reply})
    return _row(messages, tools, "dialogue_talk", dialogues.language)


def _opening(language: str, rng: random.Random) -> list[dict[str, Any]]:
    if rng.random() >= 0.15:
        return []
    return [{"role": "system", "content": load_phrases(language).grammar.expand("system", rng)}]


def _row(messages: list[dict[str, Any]], tools: list[_Listed], kind: str, language: str) -> dict[str, Any]:
    return {"messages": messages, "tools": [listed.tool for listed in tools], "kind": kind, "language": language}


def _listing(
    targets: list[_Listed], others: list[Function], count: int, language: str, rng: random.Random, english: bool
) -> list[_Listed]:
    """The targets and the first ``count`` others whose names differ, in random order."""
    tools = list(targets)
    for function in others:
        if len(tools) >= count + len(targets):
            break
        listed = _list_function(function, language, rng, english)
        if all(listed.name.lower() != other.name.lower() for other in tools):
            tools.append(listed)
    rng.shuffle(tools)
    return tools


def _list_function(
    function: Function, language: str, rng: random.Random, english: bool, window: Window | None = None
) -> _Listed:
    """A function under fresh names with at most four parameters: those of the window's call, never those it dropped.

    Args:
        function: what to list.
        language: "en" or "zh"; in Chinese ``english`` says whether parameters have English names.
        rng: source of randomness.
        english: see ``language``.
        window: the call that the function must be able to answer; None for a tool that is only listed.
    """
    used = set(window.arguments) if window else {p.key for p in function.parameters if p.required}
    dropped = window.dropped if window else frozenset()
    free = [p.key for p in function.parameters if p.key not in used and p.key not in dropped and not p.required]
    extra = rng.choices((0, 1, 2), (50, 35, 15))[0] if used else rng.choice((1, 2, 2, 3))
    kept = set(sorted(used)[:_MOST_PARAMETERS])
    kept |= set(rng.sample(free, min(len(free), extra, _MOST_PARAMETERS - len(kept))))
    shown = [parameter for parameter in function.parameters if parameter.key in kept]
    if rng.random() < 0.3:
        rng.shuffle(shown)
    about = _pick_about(function.about, language, rng)
    strange = bool(about) and rng.random() < 0.2
    name = identifier(rng, "train", language) if strange else _restyled(function.names, rng, affixes=True)
    properties: dict[str, Any] = {}
    parameters: dict[str, tuple[str, bool]] = {}
    for parameter in shown:
        value = window.arguments.get(parameter.key) if window else None
        key, schema = _list_parameter(parameter, value, language, rng, english)
        while key in properties:
            key, schema = _list_parameter(parameter, value, language, rng, english, fresh=True)
        properties[key] = schema
        parameters[parameter.key] = (key, schema["type"] == "integer")
    required = [parameters[parameter.key][0] for parameter in shown if parameter.required]
    schema = {"type": "object", "properties": properties, "required": required}
    tool: dict[str, Any] = {"name": name[:64], "description": "", "parameters": schema}
    if strange or rng.random() < 0.85:
        tool["description"] = about
    return _Listed({"type": "function", "function": tool}, parameters)


def _list_parameter(
    parameter: Parameter, value: str | None, language: str, rng: random.Random, english: bool, *, fresh: bool = False
) -> tuple[str, dict[str, Any]]:
    """Name and schema of a parameter; whole numbers are often typed as such, and choices hold the user's spelling."""
    about = _pick_about(parameter.about, language, rng)
    strange = fresh or (bool(about) and rng.random() < 0.2)
    if strange:
        key = identifier(rng, "train", language)
    elif language == "zh" and not english:
        key = parameter.key
    else:
        key = _restyled(parameter.names, rng)
    digits = parameter.choices and all(choice.isdigit() for choice in parameter.choices)
    number = value.isascii() and value.isdigit() if value is not None else bool(digits)
    counts = digits or parameter.key.startswith("number_of") or parameter.key == "amount"
    schema: dict[str, Any] = {"type": "integer" if number and counts and rng.random() < 0.6 else "string"}
    choices = [choice for choice in parameter.choices if choice not in ("True", "False")]
    if not digits and choices and (value is None or value in choices) and rng.random() < 0.35:
        others = [choice for choice in choices if choice != value]
        shown = [*rng.sample(others, min(len(others), 3 - (value is not None))), *([value] if value else [])]
        rng.shuffle(shown)
        schema["enum"] = shown
    if about and (strange or rng.random() < 0.25):
        schema["description"] = about
    return key, schema


def _pick_about(about: tuple[str, ...], language: str, rng: random.Random) -> str:
    """A description: in Chinese, half of them English; sometimes in lower case or with a full stop."""
    if not about:
        return ""
    text = rng.choice(about)
    if text.isascii():
        text = text[0].lower() + text[1:] if rng.random() < 0.25 else text[0].upper() + text[1:]
        return text + ("." if rng.random() < 0.4 else "")
    return text + ("。" if rng.random() < 0.4 else "")


def _restyled(names: tuple[str, ...], rng: random.Random, *, affixes: bool = False) -> str:
    """One of ``names`` in snake_case, camelCase or another style, at times with a prefix or suffix."""
    extra = 0.12 if affixes else 0.0
    while True:
        words = rng.choice(names).split("_")
        if rng.random() < extra:
            if rng.random() < 0.4:
                words = [rng.choice(("my", "api", "do", "app", "new", "svc")), *words]
            else:
                words = [*words, rng.choice(("tool", "api", "v2", "fn", "now", "service", "helper"))]
        name = join_words(rng, words) if rng.random() < 0.45 else "_".join(words)
        if fits(name, "train"):
            return name
        extra = min(0.9, extra + 0.05)


def _result_text(results: tuple[dict[str, Any], ...], target: _Listed, rng: random.Random, english: bool) -> str:
    """The told fields as JSON: one object, or a list; fields that are parameters keep the parameter's name."""
    camel = rng.random() < 0.25
    renamed = []
    for result in results:
        fields = {}
        for key, value in result.items():
            name = _CHINESE_RESULTS.get(key, key) if english else key
            if camel and name.isascii():
                first, *rest = name.split("_")
                name = first + "".join(word.capitalize() for word in rest)
            fields[name] = value
        renamed.append(fields)
    single = len(renamed) == 1 and rng.random() < 0.6
    return json.dumps(renamed[0] if single else renamed, ensure_ascii=False)
