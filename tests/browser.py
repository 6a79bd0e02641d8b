"""A real browser for the tests of pages: headless Chromium, with nothing to talk to."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--window-size=1280,900",
    "--proxy-server=127.0.0.1:9",  # a request, if there were one, would fail and be logged
]  # fmt: skip


RIGHT, LEFT, END, HOME, ESCAPE, ENTER = "\ue014", "\ue012", "\ue010", "\ue011", "\ue00c", "\ue007"


def missing() -> str:
    """What is not there, or nothing."""
    programs = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    names = " and ".join(programs)
    install = "apt-get install chromium chromium-driver"
    return f"no browser: {names} not installed ({install})" if programs else ""


def driven(profile: Path) -> Iterator[Any]:
    """Start Chromium with a fresh profile, and end it."""
    if told := missing():
        pytest.skip(told)
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in [*FLAGS, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    driver.get("about:blank")
    try:
        yield driver
    finally:
        driver.quit()


class Page:
    """A page in the browser, and what a person would do with it."""

    def __init__(self, driver: Any, path: Path) -> None:
        self.driver, self.path = driver, path
        driver.get(path.as_uri())

    def js(self, text: str, *arguments: Any) -> Any:
        return self.driver.execute_script(text, *arguments)

    def find(self, selector: str) -> Any:
        return self.driver.find_element("css selector", selector)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.find("body").send_keys(key)

    def click(self, selector: str) -> None:
        self.find(selector).click()

    def count(self, selector: str) -> int:
        return len(self.driver.find_elements("css selector", selector))

    @property
    def panel(self) -> str:
        return self.find("#panel").text

    def node(self, name: str) -> str:
        """The selector of the node of that label."""
        (index,) = [k for k, v in enumerate(self.data["vertices"]) if v["label"] == name]
        return f'[data-vertex="{index}"]'

    @property
    def data(self) -> Any:
        """What the page knows."""
        return json.loads(self.js("return document.getElementById('data').textContent"))


def quiet(driver: Any, *urls: str) -> None:
    """Check that nothing was logged, and nothing asked for but these, since the last `forget`."""
    assert driver.get_log("browser") == []
    asked = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    sent = [m for m in asked if m["method"] == "Network.requestWillBeSent"]
    found = {message["params"]["request"]["url"] for message in sent}
    own = ("chrome://", "chrome-untrusted://", "data:,")  # the browser's first, empty tab
    assert {url for url in found if not url.startswith(own)} == {*urls}


def forget(driver: Any) -> None:
    """Read the logs to their end: what comes is this test's."""
    for kind in ("browser", "performance"):
        driver.get_log(kind)


def opening(driver: Any, folder: Path, kind: type[Page] = Page) -> Iterator[Callable[[Any], Any]]:
    """Open pictures; in the end nothing may have been logged, and nothing asked for."""
    opened: list[Page] = []
    forget(driver)

    def open_page(picture: Any) -> Page:
        opened.append(kind(driver, picture.save(folder / f"page{len(opened)}.html")))
        return opened[-1]

    yield open_page
    quiet(driver, *(page.path.as_uri() for page in opened))
