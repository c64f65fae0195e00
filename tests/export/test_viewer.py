"""viewer.html in a real browser: turns, zooms, switches, asks nobody for anything, and says so when it cannot draw."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from browsing import Visit, change, unpack_numbers
from twinbrush.base.errors import BadMesh
from twinbrush.base.mesh import Mesh
from twinbrush.export.viewer import pack_numbers, viewer_html, write_viewer


@pytest.fixture(scope="module")
def page_file(bust: Mesh, photo_bust: Mesh, tmp_path_factory: pytest.TempPathFactory) -> Path:
    inputs = (("Photo", bust.texture), ("Style", photo_bust.texture))
    path = tmp_path_factory.mktemp("viewer") / "my viewer.html"
    return write_viewer(bust, path, title='Ana & <b>"Bo"</b> @STYLE@', before=photo_bust, inputs=inputs)


@pytest.fixture
def visit(browser: Any, page_file: Path) -> Iterator[Visit]:
    visit = Visit(browser, page_file)
    yield visit
    assert visit.complaints == []
    assert [url[:5] for url in visit.requests if not url.startswith(("data:", "file:"))] == []
    assert len([url for url in visit.requests if url.startswith("file:")]) == 1  # the page itself, nothing beside it
    visit.context.close()


def test_it_shows_the_painted_portrait_upright(visit: Visit) -> None:
    picture = visit.picture()
    middle = picture[:, 190:210].mean(1)
    blue = middle[:, 2] - middle[:, 0]
    assert blue[330:].max() > 40  # cloth below
    assert (middle[40:90, 0] - middle[40:90, 2]).max() > 20  # brown hair above
    red = picture[200:330, 150:250]
    assert ((red[..., 0] > 120) & (red[..., 1] < 60)).sum() > 50  # the mouth below the middle


def test_mouse_turns_moves_zooms_and_resets(visit: Visit) -> None:
    front = visit.picture()
    visit.drag(90, 0)
    turned = visit.picture()
    assert change(front, turned) > 3
    visit.drag(60, 40, button="right")
    moved = visit.picture()
    assert change(turned, moved) > 3
    visit.page.mouse.wheel(0, -400)
    assert change(moved, visit.picture()) > 3
    visit.page.click("#reset")
    assert change(front, visit.picture()) < 0.05


def test_dragging_to_the_right_turns_the_face_to_the_right(visit: Visit) -> None:
    mouths = []
    for dx in (0, 60):
        if dx:
            visit.drag(dx, 0)
        red, green, blue = np.moveaxis(visit.picture(), -1, 0)
        mouths.append(np.argwhere((red > 120) & (green < 60) & (blue < 60))[:, 1].mean())
    assert mouths[1] > mouths[0] + 8


def test_clay_before_after_and_slider(visit: Visit) -> None:
    after = visit.picture()
    visit.page.click("#clay")
    clay = visit.picture()
    assert change(after, clay) > 5
    assert visit.page.get_attribute("#clay", "aria-pressed") == "true"
    assert visit.page.get_attribute("#painted", "aria-pressed") == "false"
    visit.page.click("#before")
    assert change(clay, visit.picture()) > 1  # the shape changes too
    visit.page.click("#painted")
    before = visit.picture()
    assert change(after, before) > 10
    visit.page.fill("#amount", "50")
    half = visit.picture()
    assert change(half, before) > 5
    assert change(half, after) > 5
    visit.page.click("#after")
    assert change(after, visit.picture()) < 0.05


def test_keys(visit: Visit) -> None:
    front = visit.picture()
    visit.page.keyboard.press("ArrowRight")
    turned = visit.picture()
    assert change(front, turned) > 1
    visit.page.keyboard.press("c")
    assert change(turned, visit.picture()) > 5
    visit.page.keyboard.press("b")
    assert visit.page.input_value("#amount") == "0"
    visit.page.keyboard.press("?")
    assert visit.page.is_visible("#keys")
    visit.page.keyboard.press("Escape")
    assert not visit.page.is_visible("#keys")
    visit.page.keyboard.press("h")
    assert not visit.page.is_visible("#bar")


def test_pictures_grow_and_every_control_has_a_name(visit: Visit) -> None:
    visit.page.click("#inputs button >> nth=1")
    assert visit.page.is_visible("#large img")
    assert visit.page.evaluate("document.querySelector('#large img').naturalWidth") > 0
    visit.page.keyboard.press("Escape")
    nameless = visit.page.evaluate(
        """[...document.querySelectorAll("button, input, canvas, img:not(#large img)")]
        .filter(e => !(e.ariaLabel || e.textContent.trim() || e.alt || e.title)).length"""
    )
    assert nameless == 0
    assert visit.page.title() == 'Ana & <b>"Bo"</b> @STYLE@'


def test_touch_on_a_phone(browser: Any, page_file: Path) -> None:
    visit = Visit(browser, page_file, viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    visit.picture()
    box = visit.page.evaluate("JSON.stringify(document.getElementById('bar').getBoundingClientRect())")
    bar = json.loads(box)
    assert bar["left"] >= 0
    assert bar["right"] <= 390
    shots = [visit.page.screenshot()]
    session = visit.context.new_cdp_session(visit.page)

    def touch(kind: str, *points: tuple[int, int]) -> None:
        session.send("Input.dispatchTouchEvent", {
            "type": kind, "touchPoints": [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)],
        })

    for gesture in ([[(200, 400)], [(260, 400)]], [[(150, 400), (250, 400)], [(100, 400), (300, 400)]]):
        touch("touchStart", *gesture[0])
        touch("touchMove", *gesture[1])
        touch("touchEnd")
        visit.picture()
        shots.append(visit.page.screenshot())
    assert len(set(shots)) == 3  # one finger turned it, two fingers zoomed it
    assert visit.complaints == []
    visit.context.close()


@pytest.mark.parametrize(
    ("sabotage", "message"),
    [
        ("HTMLCanvasElement.prototype.getContext = () => null", "WebGL is missing"),
        ("delete window.DecompressionStream", "too old"),
    ],
)
def test_a_browser_that_cannot_is_told_so(browser: Any, page_file: Path, sabotage: str, message: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(sabotage)
    page.goto(page_file.as_uri())
    page.wait_for_selector("#message:visible")
    assert message in page.inner_text("#message")
    context.close()


def test_without_before_there_is_no_slider(browser: Any, bust: Mesh, tmp_path: Path) -> None:
    visit = Visit(browser, write_viewer(bust, tmp_path / "v.html"))
    visit.picture()
    assert not visit.page.is_visible("#amount")
    assert visit.complaints == []
    visit.context.close()


# ---- what needs no browser -------------------------------------------------------------------------------------------


def test_page_is_self_contained_and_the_same_every_time(bust: Mesh, photo_bust: Mesh) -> None:
    page = viewer_html(bust, title="x", before=photo_bust)
    assert page == viewer_html(bust, title="x", before=photo_bust)
    text = page.decode()
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!data:)""", text)
    assert not re.search(r"https?://", text)
    assert "default-src 'none'" in text
    assert "@" not in re.sub(r"@media|@TITLE@", "", text.split("<script")[0])


@pytest.mark.parametrize("numbers", [[0], [5, 4, 3], [65535, 0, 65535], [2**31 - 1, 0, 7], [1] * 300])
def test_packed_numbers_come_back(numbers: list[int]) -> None:
    np.testing.assert_array_equal(unpack_numbers(pack_numbers(np.array(numbers)), len(numbers)), numbers)


def test_quantised_shape_is_exact_to_a_hundredth_of_a_millimetre(bust: Mesh) -> None:
    payload = json.loads(viewer_html(bust, title="x").decode().split('id="portrait">')[1].split("</script>")[0])
    packed = payload["after"]
    flat = unpack_numbers(packed["data"], packed["count"] * 3).reshape(3, -1).T
    np.testing.assert_allclose(np.array(packed["low"]) + packed["step"] * flat, bust.vertices, atol=0.005)
    faces = unpack_numbers(payload["faces"]["data"], payload["faces"]["count"])
    np.testing.assert_array_equal(faces.reshape(-1, 3), bust.faces)


def test_meshes_that_cannot_be_shown_are_refused(bust: Mesh) -> None:
    with pytest.raises(BadMesh, match="textured"):
        viewer_html(Mesh(bust.vertices, bust.faces), title="x")
    with pytest.raises(BadMesh, match="topology"):
        viewer_html(bust, title="x", before=Mesh(bust.vertices[:-1], bust.faces[:10], bust.uv[:-1], bust.texture))
