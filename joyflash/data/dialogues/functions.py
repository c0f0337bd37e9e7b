"""Functions that a dialogue may call, with the names and descriptions they may be listed under."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from joyflash.data.dialogues.topics import group_of

MOST_PARAMETERS = 4
"""Parameters that a listed function has at most, and so the arguments of a call."""

# Verbs by the verb that the file has.
_SYNONYMS = {
    "find": ("find", "search", "lookup", "get", "list"),
    "reserve": ("reserve", "book"),
    "buy": ("buy", "purchase", "order"),
    "schedule": ("schedule", "arrange", "book"),
    "check": ("check", "get", "show"),
    "add": ("add", "create"),
    "transfer": ("transfer", "send"),
    "play": ("play", "start"),
    "get": ("get", "fetch", "show"),
}
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
        return group_of(self.service)


def defined_functions(row: dict[str, Any]) -> Iterator[Function]:
    """The functions that the ``tools`` of a row define."""
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


def _function_names(key: str) -> tuple[str, ...]:
    """snake_case names of a function, without its service and with synonyms of its verb."""
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key.rpartition(".")[2]).lower()
    verb, _, rest = _FUNCTION_NAMES.get(key, plain).partition("_")
    names = [f"{other}_{rest}" if rest else other for other in _SYNONYMS.get(verb, (verb,))]
    return (names[0], *names)  # the file's own name twice as often


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
