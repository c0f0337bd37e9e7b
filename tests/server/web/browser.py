"""A real Chromium without a window, and the page in it as a test's reader sees it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SHOTS = "JOYFLASH_SCREENSHOTS"
"""Environment variable: the folder that screenshots are written to; unset, none are."""
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
    "--window-size=1280,860",
)


def find_chromium() -> tuple[str, str]:
    """Paths of Chromium and its driver; skips the test where there is none."""
    pytest.importorskip("selenium", reason="selenium is not installed (pip install joyflash[dev])")
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no Chromium with its driver here (Debian: apt-get install chromium chromium-driver)")
    return chromium, driver


def start_chromium(profile: Path) -> Any:
    """A driver of a new Chromium that keeps its data in `profile`."""
    chromium, driver = find_chromium()
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service(driver))


class Page:
    """The web chat in a browser.

    Args:
        driver: drives the browser.
        url: where the page is served.
    """

    def __init__(self, driver: Any, url: str):
        self.driver = driver
        self.url = url

    def open(self, path: str = "/") -> Page:
        self.driver.get(self.url + path)
        self.wait(lambda: self.run("return document.documentElement.lang && document.querySelector('#model option')"))
        return self

    def emulate(self, *, width: int = 1280, height: int = 860, dark: bool = False, language: str = "en-US") -> None:
        """Size, colours and language of the browser; call before opening the page."""
        command = self.driver.execute_cdp_cmd
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1 if width > 600 else 2}
        command("Emulation.setDeviceMetricsOverride", {**metrics, "mobile": width < 600})
        command("Emulation.setTouchEmulationEnabled", {"enabled": width < 600})
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        command("Emulation.setEmulatedMedia", {"features": [scheme]})
        agent = self.driver.execute_script("return navigator.userAgent")
        command("Emulation.setUserAgentOverride", {"userAgent": agent, "acceptLanguage": language})

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def module(self, name: str, expression: str, *arguments: Any) -> Any:
        """The value of an expression over a module `m` of the page and arguments `a`; errors as 'Error: …'."""
        script = """const [name, a, done] = [arguments[0], arguments[1], arguments[2]];
            import(name).then((m) => done(EXPRESSION)).catch((error) => done("Error: " + error.message));"""
        path = f"/static/{name}"
        return self.driver.execute_async_script(script.replace("EXPRESSION", expression), path, list(arguments))

    def wait(self, check: Callable[[], Any], seconds: float = 15) -> Any:
        end = time.monotonic() + seconds
        while True:
            if value := check():
                return value
            if time.monotonic() > end:
                raise AssertionError(f"not in {seconds} s; the page says: {self.text('body')[-600:]!r}")
            time.sleep(0.02)

    def all(self, selector: str) -> list[Any]:
        return self.driver.find_elements("css selector", selector)

    def one(self, selector: str) -> Any:
        found = self.wait(lambda: self.all(selector))
        return found[0]

    def text(self, selector: str) -> str:
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def texts(self, selector: str) -> list[str]:
        return self.run("return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText)", selector)

    def click(self, selector: str) -> None:
        """Click an element; one that only shows under the pointer is pointed at by its place in the page."""
        self.one(selector)
        self.run("document.querySelector(arguments[0]).click()", selector)

    def press(self, *keys: str) -> None:
        """Press keys together where the focus is, e.g. ("ALT", "n")."""
        from selenium.webdriver.common.action_chains import ActionChains
        from selenium.webdriver.common.keys import Keys

        chain, codes = ActionChains(self.driver), [getattr(Keys, key, key) for key in keys]
        for code in codes:
            chain = chain.key_down(code)
        for code in reversed(codes):
            chain = chain.key_up(code)
        chain.perform()

    def type(self, selector: str, text: str) -> None:
        self.one(selector).send_keys(text)

    def send(self, text: str, wait: bool = True) -> None:
        """Send a message by keyboard and wait for the whole answer."""
        self.type("#input", text + "\ue007")
        if wait:
            self.wait_until_idle()

    def wait_until_idle(self) -> None:
        self.wait(lambda: self.all(".message") and not self.all("#send.stop"))

    def answer(self) -> str:
        """The text of the last answer."""
        return self.texts(".assistant .text")[-1]

    def errors(self) -> list[str]:
        """What the console has said since the last call, but for refused requests, which are part of some tests."""
        messages = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        return [
            message for message in messages if "Failed to load resource" not in message and "net::ERR" not in message
        ]

    def shot(self, name: str) -> None:
        """A screenshot, if a folder for them is given."""
        if folder := os.environ.get(SHOTS):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.driver.save_screenshot(str(Path(folder) / f"{name}.png"))
