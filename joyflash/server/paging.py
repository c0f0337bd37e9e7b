"""Lists in pages, as OpenAI's API has them: `after`, `limit` and `order` in the query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from joyflash.errors import RequestError
from joyflash.server import checks

MOST = 100
INCLUDE = ("include", "include[]")
"""The parameter as it is named, and as OpenAI's client writes a list of them."""


def read_page(
    items: Sequence[dict[str, Any]],
    query: Mapping[str, str],
    *,
    more: Sequence[str] = INCLUDE,
    newest_first: bool = True,
) -> dict[str, Any]:
    """One page of a list.

    Args:
        items: all of them, the oldest first, each with an `id`.
        query: of the request: `after` (an id), `limit` (1 to 100, 20 if absent), `order` (asc or desc).
        more: further parameters that change nothing here.
        newest_first: the order where none is asked for.

    Raises:
        RequestError: a parameter is unknown or wrong; `param` names it.
    """
    checks.refuse_unknown(query, ("after", "limit", "order", *more))
    order = checks.one_of("asc", "desc")(query.get("order", "desc" if newest_first else "asc"), "order")
    given = query.get("limit", "20")
    if not given.isascii() or not given.isdigit() or len(given) > 9 or not 1 <= int(given) <= MOST:
        raise RequestError(f"'limit' must be an integer from 1 to {MOST}.", "limit", "invalid_value")
    line = list(items) if order == "asc" else list(items)[::-1]
    after = query.get("after")
    if after is not None:
        places = [place for place, item in enumerate(line) if item["id"] == after]
        if not places:
            raise RequestError(f"'after' is '{after[:80]}', which is not in this list.", "after", "invalid_value")
        line = line[places[0] + 1 :]
    page = line[: int(given)]
    ends = {"first_id": page[0]["id"] if page else None, "last_id": page[-1]["id"] if page else None}
    return {"object": "list", "data": page, **ends, "has_more": len(line) > len(page)}
