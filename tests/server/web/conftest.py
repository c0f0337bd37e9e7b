"""One browser for all tests; every test has an address, and with it a storage, of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.server.web.browser import Page, start_chromium
from tests.server.web.fake_upstream import Script, Upstream, upstream


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    running = start_chromium(tmp_path_factory.mktemp("chromium"))
    yield running
    running.quit()


@pytest.fixture
def web(driver: Any) -> Iterator[Callable[..., tuple[Page, Upstream, Callable[[], None]]]]:
    """Makes a page over a script: `page, fake, stop = web(script, dark=True)`."""
    opened = []

    def make(script: Script, **look: Any) -> tuple[Page, Upstream, Callable[[], None]]:
        context = upstream(script)
        fake, stop = context.__enter__()
        opened.append(context)
        page = Page(driver, fake.url)
        page.emulate(**look)
        page.errors()
        return page, fake, stop

    yield make
    driver.get("about:blank")
    for context in opened:
        context.__exit__(None, None, None)


@pytest.fixture(scope="session")
def modules() -> Iterator[str]:
    """An address whose page is there for its modules only."""
    with upstream(lambda body: ["x"]) as (fake, _):
        yield fake.url


@pytest.fixture
def blank(driver: Any, modules: str) -> Page:
    """A page for tests that use its modules only; opened again where another test has left it."""
    page = Page(driver, modules)
    return page if driver.current_url.startswith(modules) else page.open()
