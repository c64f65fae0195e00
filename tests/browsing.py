"""What the tests of viewer.html share: a browser, a page that is visited, the page's numbers unpacked."""

from __future__ import annotations

import io
import shutil
import zlib
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

ARGUMENTS = [
    "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def open_browser() -> Iterator[Any]:
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no Chromium found (Debian: apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is missing (pip install playwright)")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


class Visit:
    """An open page that remembers what it complained about and asked for."""

    def __init__(self, browser: Any, file: Path, script: str = "", **options: Any) -> None:
        options = {"viewport": {"width": 800, "height": 600}, **options}
        self.context = browser.new_context(reduced_motion="reduce", **options)
        self.page = self.context.new_page()
        if script:
            self.page.add_init_script(script)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(file.as_uri())

    def picture(self) -> np.ndarray:
        """What the screen shows once nothing moves any more."""
        self.page.wait_for_timeout(60)
        self.page.wait_for_selector("body[data-state=still]")
        shot = self.page.screenshot(clip={"x": 200, "y": 100, "width": 400, "height": 400})
        return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(float)

    def drag(self, dx: float, dy: float, **options: Any) -> None:
        self.page.mouse.move(400, 300)
        self.page.mouse.down(**options)
        self.page.mouse.move(400 + dx, 300 + dy, steps=4)
        self.page.mouse.up(**options)


def change(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).mean())


def unpack_numbers(packed: str, count: int) -> np.ndarray:
    planes = np.frombuffer(zlib.decompress(b64decode(packed)), np.uint8).reshape(-1, count).astype(np.int64)
    zigzag = sum(plane << (8 * i) for i, plane in enumerate(planes))
    return np.cumsum((zigzag >> 1) ^ -(zigzag & 1))
