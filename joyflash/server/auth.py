"""Who may call: keys compared in constant time, and no open server by accident."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit

from joyflash.errors import ConfigError
from joyflash.loopback import is_loopback
from joyflash.server.errors import ApiError
from joyflash.server.settings import ServerSettings


def check_exposure(settings: ServerSettings) -> None:
    """Refuse to listen where others can call without a key, unless the operator asks for just that.

    Raises:
        ConfigError: the host is not loopback, no key is set and `allow_open` is off; or a key is empty or not ASCII.
    """
    for key in settings.api_keys:
        if not key or not key.isascii() or key != key.strip():
            raise ConfigError("An API key must be ASCII text without spaces around it; choose another --api-key.")
    if not settings.api_keys and not settings.allow_open and not is_loopback(settings.host):
        raise ConfigError(
            f"Serving on {settings.host} would let anyone on the network in. Set --api-key, "
            "or keep --host 127.0.0.1, or say --allow-open if that is what you want."
        )


def check_key(headers: Mapping[str, str], api_keys: tuple[str, ...]) -> None:
    """Check `Authorization: Bearer KEY` or `x-api-key: KEY` against the set keys.

    Raises:
        ApiError: 401 when keys are set and the request brings none of them.
    """
    if not api_keys:
        return
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    # Both, as Anthropic's client may send a token of another service beside the key.
    given = [bearer.strip() if scheme.lower() == "bearer" else "", headers.get("x-api-key", "")]
    if not any(given):
        message = "This server wants an API key: send it as 'Authorization: Bearer KEY' or as 'x-api-key: KEY'."
        raise ApiError(401, message, code="missing_api_key", headers={"WWW-Authenticate": "Bearer"})
    # Every key is compared, and no comparison stops early: timing tells nothing about any of them.
    matches = [hmac.compare_digest(one.encode(), key.encode()) for one in given for key in api_keys]
    if not any(matches):
        message = "This API key is not one that the server knows."
        raise ApiError(401, message, code="invalid_api_key", headers={"WWW-Authenticate": "Bearer"})


def check_origin(method: str, headers: Mapping[str, str]) -> None:
    """Keep web pages away from a server without a key on a loopback address.

    A page of anywhere may send such a server a form, and one whose name resolves to this machine (DNS rebinding)
    counts as the server's own and could read everything; both show in what the browser says of them.

    Raises:
        ApiError: 403 when `Host` is not a loopback one, or when a page of another site changes something.
    """
    host = headers.get("host", "")
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        name = host
    if host and not is_loopback(name) and not name.endswith(".localhost"):
        message = (
            f"This server has no key and answers as 127.0.0.1 or localhost only, not as '{name[:80]}'. "
            "Start it with --api-key, or with --allow-open."
        )
        raise ApiError(403, message, code="foreign_host")
    if method not in ("GET", "HEAD", "OPTIONS") and headers.get("sec-fetch-site") == "cross-site":
        message = (
            "This server has no key and does not take requests from pages of other sites. Start it with --api-key."
        )
        raise ApiError(403, message, code="foreign_origin")
