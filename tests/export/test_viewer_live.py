"""The viewer's sliders of strength and caricature: what is stored, and what the page makes of it in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from browsing import Visit, unpack_numbers
from twinbrush.base.errors import BadMesh
from twinbrush.base.mesh import Mesh
from twinbrush.export.viewer import viewer_html, write_viewer
from twinbrush.export.viewer.live import LEAST_STEP_MM, MOST_ERROR_MM, packed_live, quantised
from twinbrush.shape.live import LiveShapes

STRENGTHS, CARICATURES, SHOWN = (0.0, 0.5, 1.0, 1.5), (0.5, 1.0, 1.5, 2.0), (0.8, 1.0)
SHOWN_HAIR, HAIRS = 0.3, (0.0, 0.5, 1.0)
EXACT_MM = 0.5 * LEAST_STEP_MM + 0.5 * 300 / 65535 + 1e-4  # half a step of the offsets, of the shown shape, and floats
# Keeps what the page last gave the graphics card as its points: the larger of the two arrays of three numbers a vertex.
WATCH = """
window.points = null;
for (const name of ["bufferData", "bufferSubData"]) {
  const original = WebGL2RenderingContext.prototype[name];
  WebGL2RenderingContext.prototype[name] = function (...values) {
    for (const value of values)
      if (value instanceof Float32Array && value.length === LENGTH && value.some(x => Math.abs(x) > 2))
        window.points = value.slice();
    return original.apply(this, values);
  };
}
"""


@pytest.fixture(scope="module")
def live(bust: Mesh) -> LiveShapes:
    """The chin drops with strength, not in proportion; the nose grows with the caricature."""
    x, y, _ = bust.vertices.T
    chin = np.stack([0 * x, -20 * np.exp(-(((y + 60) / 30) ** 2)), 3 * np.sin(x / 40)], 1)
    nose = np.stack([0.01 * x, 0 * x, 15 * np.exp(-((x / 9) ** 2) - ((y + 15) / 14) ** 2)], 1)
    strengths = [bust.vertices + (value**2 - SHOWN[0] ** 2) * chin for value in STRENGTHS]
    caricatures = [bust.vertices + (value**3 - SHOWN[1] ** 3) * nose for value in CARICATURES]
    crown = np.stack([0 * x, 12 * np.exp(-(((y - 90) / 40) ** 2)), 0 * x], 1)
    hairs = [bust.vertices + (value - SHOWN_HAIR) * crown for value in HAIRS]
    return LiveShapes(
        STRENGTHS, np.stack(strengths), CARICATURES, np.stack(caricatures), *SHOWN, HAIRS, np.stack(hairs), SHOWN_HAIR)


@pytest.fixture(scope="module")
def smile(bust: Mesh) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """One expression."""
    mouth = np.flatnonzero(np.hypot(bust.vertices[:, 0], bust.vertices[:, 1] + 40) < 30)
    return {"jawOpen": (mouth, np.tile([0.0, -7.0, 2.0], (len(mouth), 1)))}


@pytest.fixture(scope="module")
def page_file(
    bust: Mesh, live: LiveShapes, smile: dict[str, tuple[np.ndarray, np.ndarray]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    return write_viewer(bust, tmp_path_factory.mktemp("live") / "v.html", live=live, expressions=smile,
                        inputs=(("Photo", bust.texture),))  # fmt: skip


class Sliders(Visit):
    """An open page whose points are watched."""

    def give(self, name: str, value: float) -> None:
        self.page.fill(f"#{name}", str(value))

    def points(self) -> np.ndarray:
        """The vertices that are drawn, mm."""
        self.page.wait_for_selector("body[data-live]")
        self.picture()
        return np.array(self.page.evaluate("Array.from(window.points)")).reshape(-1, 3)

    def focused(self) -> tuple[str, str]:
        """The value of the control that has the focus, and the number beside the strength's slider."""
        return self.page.evaluate("document.activeElement.value"), self.page.inner_text("#form-strength-number")


@pytest.fixture
def visit(browser: Any, page_file: Path, bust: Mesh) -> Iterator[Sliders]:
    script = WATCH.replace("LENGTH", str(bust.vertices.size))
    visit = Sliders(browser, page_file, script)
    visit.page.wait_for_selector("body[data-expressions]")
    yield visit
    assert visit.complaints == []
    assert len([url for url in visit.requests if not url.startswith("data:")]) == 1  # the page alone
    visit.context.close()


def test_the_page_opens_with_the_shape_as_made(visit: Sliders, bust: Mesh) -> None:
    np.testing.assert_allclose(visit.points(), bust.vertices, atol=EXACT_MM)
    assert visit.page.inner_text("#form-strength-number") == "0.80"
    assert visit.page.inner_text("#form-caricature-number") == "1.00"
    for name in ("Strength", "Caricature", "Hair"):
        assert visit.page.get_by_role("slider", name=name, exact=True).is_visible()


def test_stored_shapes_come_back_within_half_a_step(visit: Sliders, live: LiveShapes) -> None:
    for value, shape in zip(live.strengths, live.by_strength, strict=True):
        visit.give("form-strength", value)
        np.testing.assert_allclose(visit.points(), shape, atol=EXACT_MM)
    visit.give("form-strength", SHOWN[0])
    for value, shape in zip(live.caricatures, live.by_caricature, strict=True):
        visit.give("form-caricature", value)
        np.testing.assert_allclose(visit.points(), shape, atol=EXACT_MM)
    visit.give("form-caricature", SHOWN[1])
    assert live.by_hair is not None
    for value, shape in zip(live.hairs, live.by_hair, strict=True):
        visit.give("form-hair", value)
        np.testing.assert_allclose(visit.points(), shape, atol=EXACT_MM)


def test_between_them_it_blends_and_adds_both_and_the_expression(
    visit: Sliders, bust: Mesh, live: LiveShapes, smile: dict[str, tuple[np.ndarray, np.ndarray]]
) -> None:
    visit.give("form-strength", 1.2)
    visit.give("form-caricature", 0.6)
    visit.page.click("#expressions summary")
    visit.give("expression-jawOpen", 50)
    wanted = 0.6 * live.by_strength[2] + 0.4 * live.by_strength[3]
    wanted = wanted + 0.8 * live.by_caricature[0] + 0.2 * live.by_caricature[1] - bust.vertices
    rows, offsets = smile["jawOpen"]
    wanted[rows] += 0.5 * offsets
    np.testing.assert_allclose(visit.points(), wanted, atol=2 * EXACT_MM)
    visit.give("form-strength", 0.65)  # halfway to the shown strength, which lies between stored ones
    wanted += 0.5 * (live.by_strength[1] + bust.vertices) - 0.6 * live.by_strength[2] - 0.4 * live.by_strength[3]
    np.testing.assert_allclose(visit.points(), wanted, atol=2 * EXACT_MM)


def test_double_click_and_button_bring_back_what_was_made(visit: Sliders, bust: Mesh) -> None:
    for back in (lambda: visit.page.dblclick("#form-strength"), lambda: visit.page.click("text=As made")):
        visit.give("form-strength", 0.1)
        assert np.abs(visit.points() - bust.vertices).max() > 5
        back()
        np.testing.assert_allclose(visit.points(), bust.vertices, atol=EXACT_MM)
        assert visit.page.inner_text("#form-strength-number") == "0.80"
        assert visit.page.input_value("#form-strength") == "0.8"


def test_keys_move_the_slider_and_do_not_turn_the_portrait(visit: Sliders) -> None:
    visit.points()
    visit.page.focus("#form-strength")
    for key, value in (("ArrowRight", "0.81"), ("Home", "0"), ("End", "1.5"), ("ArrowLeft", "1.49")):
        visit.page.keyboard.press(key)
        visit.picture()
        assert [float(text) for text in visit.focused()] == [float(value)] * 2


def test_panels_are_read_in_light_and_dark_and_hide_with_the_rest(browser: Any, page_file: Path) -> None:
    for scheme in ("light", "dark"):
        visit = Sliders(browser, page_file, color_scheme=scheme)
        visit.page.wait_for_selector("body[data-expressions]")
        ink, ground = visit.page.evaluate(
            """(() => { const style = getComputedStyle(document.querySelector("#form"));
            const numbers = text => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
            return [numbers(style.color), numbers(style.backgroundColor)]; })()"""
        )
        difference = np.mean(ink) - np.mean(ground)
        assert (difference < -150) if scheme == "light" else (difference > 150)
        photo, form, panel = (
            visit.page.locator(name).bounding_box() for name in ("#inputs", "#form", "#expressions"))
        assert photo["y"] + photo["height"] <= form["y"]
        assert form["y"] + form["height"] <= panel["y"]
        visit.page.keyboard.press("h")
        assert not visit.page.is_visible("#form")
        assert visit.complaints == []
        visit.context.close()


# ---- what needs no browser -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reach", [0.0, 1e-3, 3.0, 327.0, 900.0])
def test_quantised_offsets_are_right_to_half_a_step(reach: float) -> None:
    offsets = reach * np.random.default_rng(0).uniform(-1, 1, (500, 3))
    offsets[0] = reach, -reach, 0
    whole, step = quantised(offsets)
    assert whole.dtype == np.int16
    assert np.abs(whole * step - offsets).max() <= step / 2 + 1e-9
    assert step / 2 <= MOST_ERROR_MM
    assert (whole[0, 2], step >= LEAST_STEP_MM) == (0, True)


@pytest.mark.parametrize("reach", [1500.0, np.inf, np.nan])
def test_offsets_too_large_for_the_error_are_refused(reach: float) -> None:
    with pytest.raises(BadMesh, match="shown one"):
        quantised(np.full((4, 3), reach))


def test_rows_are_of_drawn_vertices_and_the_shown_shape_takes_no_room(bust: Mesh, live: LiveShapes) -> None:
    kept = np.arange(5, len(bust.vertices), 2)
    strength, caricature, hair = packed_live(bust.vertices, kept, live)
    assert strength["at"] == [0.0, 0.5, 0.8, 1.0, 1.5]
    assert [packed is None for packed in strength["offsets"]] == [False, False, True, False, False]
    assert caricature["at"] == list(CARICATURES)
    assert [packed is None for packed in caricature["offsets"]] == [False, True, False, False]
    assert hair["at"] == [0.0, SHOWN_HAIR, 0.5, 1.0]
    packed = strength["offsets"][0]
    found = packed["step"] * unpack_numbers(packed["data"], 3 * len(kept)).reshape(3, -1).T
    np.testing.assert_allclose(found, (live.by_strength[0] - bust.vertices)[kept], atol=packed["step"] / 2 + 1e-9)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda live: replace(
            live, by_strength=live.by_strength[:, 1:], by_caricature=live.by_caricature[:, 1:],
            by_hair=live.by_hair[:, 1:]), "vertices"),
        (lambda live: replace(live, by_hair=live.by_hair[1:]), "vertices"),
        (lambda live: replace(live, by_caricature=live.by_caricature[1:]), "vertices"),
        (lambda live: replace(live, strengths=(0.0, 1.0, 0.5, 1.5)), "Strength"),
        (lambda live: replace(live, strength=1.6), "Strength"),
        (lambda live: replace(live, caricature=0.5), "is not the shown one"),
    ],
)
def test_shapes_that_do_not_belong_to_the_mesh_are_refused(
    bust: Mesh, live: LiveShapes, spoil: Callable[[LiveShapes], LiveShapes], message: str
) -> None:
    with pytest.raises(BadMesh, match=message):
        viewer_html(bust, title="x", live=spoil(live))


def test_without_shapes_the_page_has_no_form(bust: Mesh, live: LiveShapes) -> None:
    plain, page = viewer_html(bust, title="x").decode(), viewer_html(bust, title="x", live=live).decode()
    assert "form-" not in plain
    payload = json.loads(page.split('id="portrait">')[1].split("</script>")[0])
    assert [row["name"] for row in payload["live"]] == ["Strength", "Caricature", "Hair"]
    assert page == viewer_html(bust, title="x", live=live).decode()
