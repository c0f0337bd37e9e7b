"""Topics: what a request must name to be clear about the kind of service it is for."""

from __future__ import annotations

import re

# Requests that name their group, and none of the listed tools', are clear enough to be declined.
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


def group_of(service: str) -> str:
    """The kind of a service, whatever its number.

    >>> [group_of(service) for service in ("Buses_2", "Media_1", "book_taxi")]
    ['Buses', 'Movies', 'book_taxi']
    """
    kind = re.sub(r"_\d+$", "", service)
    return _SAME_GROUP.get(kind, kind)


def is_known(group: str) -> bool:
    """Whether the words that requests to ``group`` use are known."""
    return group in _GROUPS


def names_group(text: str, group: str) -> bool:
    """Whether a request names what ``group`` is about; never for a group that is not known."""
    return group in _GROUPS and re.search(_GROUPS[group], text, re.IGNORECASE) is not None
