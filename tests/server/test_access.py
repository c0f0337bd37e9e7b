"""Keys, names, and what an operator may not do by accident."""

from __future__ import annotations

import pytest

from joyflash.errors import ConfigError, ModelNotFoundError
from joyflash.server.auth import check_exposure, check_key, is_loopback
from joyflash.server.errors import ApiError
from joyflash.server.models import ModelNames
from joyflash.server.run import bind
from joyflash.server.settings import ServerSettings
from tests.server.live import live_server


def test_a_key_opens_v1_and_nothing_else_needs_one() -> None:
    with live_server(ServerSettings(api_keys=("first", "second"))) as server:
        for headers in (
            {"authorization": "Bearer first"},
            {"authorization": "bearer second"},
            {"x-api-key": "second"},
            {"authorization": "Bearer of another service", "x-api-key": "first"},
        ):
            assert server.http.get("/v1/models", headers=headers).status_code == 200
        for headers in ({}, {"authorization": "Bearer wrong"}, {"x-api-key": "firs"}, {"authorization": "Basic first"}):
            for path in ("/v1/models", "/v1/nothing", "/v1"):
                response = server.http.get(path, headers=headers)
                assert response.status_code == 401
                assert response.json()["error"]["type"] == "authentication_error"
                assert response.headers["www-authenticate"] == "Bearer"
                assert "x-request-id" in response.headers
        assert server.chat().status_code == 401
        for path in ("/", "/health", "/ready", "/static/chat.js"):
            assert server.http.get(path).status_code == 200
        assert [model.id for model in server.client("second").models.list()] == ["nano"]


def test_a_key_that_is_no_ascii_is_wrong_and_no_failure() -> None:
    with pytest.raises(ApiError) as caught:
        check_key({"x-api-key": "schlüssel"}, ("key",))
    assert caught.value.status == 401


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        *((host, True) for host in ("127.0.0.1", "localhost", "::1", "[::1]", "127.8.9.1")),
        *((host, False) for host in ("0.0.0.0", "::", "192.168.1.5", "example.org", "")),
    ],
)
def test_an_open_server_must_be_asked_for(host: str, loopback: bool) -> None:
    assert is_loopback(host) == loopback
    check_exposure(ServerSettings(host=host, api_keys=("key",)))
    check_exposure(ServerSettings(host=host, allow_open=True))
    if loopback:
        check_exposure(ServerSettings(host=host))
    else:
        with pytest.raises(ConfigError, match="--api-key"):
            check_exposure(ServerSettings(host=host))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        *(({"host": host}, 200) for host in ("localhost:8000", "127.0.0.1", "[::1]:80", "chat.localhost")),
        *(
            ({"host": host}, 403)
            for host in ("evil.example", "evil.example:8000", "localhost.evil.example", "10.0.0.1", "[")
        ),
        ({"sec-fetch-site": "cross-site"}, 403),
        *(({"sec-fetch-site": site}, 200) for site in ("same-origin", "same-site", "none")),
    ],
)
def test_pages_of_other_sites_cannot_use_a_server_without_a_key(headers: dict[str, str], status: int) -> None:
    def answer(settings: ServerSettings, **more: str) -> int:
        with live_server(settings) as server:
            body = {"model": "nano", "messages": [{"role": "user", "content": "hello"}]}
            response = server.http.post("/v1/chat/completions", json=body, headers={**headers, **more})
            if "host" in headers:
                assert server.http.get("/", headers=headers).status_code == response.status_code
            if response.status_code == 403:
                assert "--api-key" in response.json()["error"]["message"]
            return response.status_code

    assert answer(ServerSettings()) == status
    assert (
        answer(ServerSettings(allow_open=True)) == answer(ServerSettings(api_keys=("k",)), **{"x-api-key": "k"}) == 200
    )


def test_a_page_of_another_site_may_be_left_by_a_link() -> None:
    with live_server() as server:
        assert server.http.get("/", headers={"sec-fetch-site": "cross-site"}).status_code == 200


@pytest.mark.parametrize("key", ["", " ", "a ", "schlüssel"])
def test_a_key_that_no_header_can_carry_is_refused(key: str) -> None:
    with pytest.raises(ConfigError):
        check_exposure(ServerSettings(api_keys=(key,)))


def test_served_names() -> None:
    assert ModelNames("/models/my-model/", ServerSettings()).names == ("my-model",)
    given = ModelNames("nano", ServerSettings(served_model_names=("a", "org/b")))
    assert [entry["id"] for entry in given.listing()["data"]] == ["a", "org/b"]
    assert given.resolve("org/b") == "org/b"
    with pytest.raises(ModelNotFoundError):
        given.resolve("nano")
    assert ModelNames("nano", ServerSettings(any_model_name=True)).resolve("gpt-5") == "gpt-5"


def test_names_over_http() -> None:
    with live_server(ServerSettings(served_model_names=("org/b",), any_model_name=True)) as server:
        assert server.http.get("/v1/models/org/b").json()["id"] == "org/b"
        assert server.chat(model="whatever").json()["model"] == "whatever"


def test_places_where_no_server_can_listen() -> None:
    with pytest.raises(ConfigError, match="ports go from"):
        bind("127.0.0.1", 70_000)
    with pytest.raises(ConfigError, match=r"unknown|Cannot listen"):
        bind("no-such-host.invalid", 0)
    with pytest.raises(ConfigError, match="Cannot listen"):
        bind("192.0.2.1", 0)
