"""A real browser for the tests of pages: headless Chromium, with nothing to talk to."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--window-size=1280,900",
    "--proxy-server=127.0.0.1:9",  # a request, if there were one, would fail and be logged
]  # fmt: skip


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
