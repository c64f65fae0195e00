"""The relief in the viewer: its heights as a picture, and its slider in a real browser."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from browsing import Visit, open_browser
from figures import small_figure
from twinbrush.export.viewer import write_viewer
from twinbrush.export.viewer.relief import ShownRelief, packed_relief

STRIPES = np.sin(np.mgrid[:128, :256][1] * 2 * np.pi / 8).astype(np.float32)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_browser() as opened:
        yield opened


def _heights(packed: dict[str, Any]) -> np.ndarray:
    data = base64.b64decode(packed["heights"].split(",", 1)[1])
    return np.asarray(Image.open(io.BytesIO(data))).astype(float)


def test_heights_come_back_and_sides_are_powers_of_two() -> None:
    packed = packed_relief(ShownRelief(STRIPES, 0.8123))
    assert packed["shown"] == 0.812
    assert np.abs((_heights(packed) - 127.5) / 127.5 - STRIPES).mean() < 0.03
    assert _heights(packed_relief(ShownRelief(STRIPES[:100, :200], 1.0))).shape == (128, 256)


def test_the_slider_shows_more_and_less_relief(browser: Any, tmp_path: Path) -> None:
    figure = small_figure()
    mesh = replace(figure.whole(), texture=figure.texture)
    page = write_viewer(mesh, tmp_path / "viewer.html", relief=ShownRelief(STRIPES, 0.8))
    visit = Visit(browser, page, viewport={"width": 1000, "height": 700})
    visit.page.wait_for_selector("body[data-state=still]")
    slider = visit.page.locator("#form-relief")

    def rough(value: float) -> float:
        slider.evaluate("(e, v) => { e.value = v; e.dispatchEvent(new Event('input')); }", value)
        picture = visit.picture().mean(2)
        return float(np.abs(np.diff(picture, axis=1)).mean())

    none, made, most = rough(0.0), rough(0.8), rough(1.5)
    assert most > 1.05 * made > 1.05 * 1.05 * none
    assert visit.page.locator("#form-relief-number").text_content() == "1.50"
    slider.dblclick()
    assert visit.page.locator("#form-relief-number").text_content() == "0.80"
    assert visit.complaints == []
    visit.context.close()
