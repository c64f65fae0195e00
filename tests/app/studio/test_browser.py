"""The studio's page in a real browser: from a photo and a style to a downloaded GLB, and every refusal at its place."""

from __future__ import annotations

import runpy
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from studios import STUB, png

from browsing import open_browser
from serving import studio
from twinbrush.app.studio import serve
from twinbrush.regions.given import labels_of_picture
from twinbrush.regions.values import Label

ROOT = Path(__file__).parents[3]


@contextmanager
def running(folder: Path, command: Sequence[str] = STUB) -> Iterator[str]:
    """The real service's address."""
    with studio(folder, command) as port:
        yield f"http://{serve.HOST}:{port}/"


PATIENCE_MS = 240_000  # a fresh machine compiles before it finds the first face


class Page:
    """The open page, what it complained about, and what it asked for elsewhere."""

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self.page = browser.new_context(reduced_motion="reduce", **options).new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.complaints: list[str] = []
        self.outside: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self._note(request.url, address))
        self.page.goto(address)
        self.page.wait_for_selector("#gallery button")

    def _note(self, url: str, address: str) -> None:
        if not url.startswith((address, "data:", "blob:")):
            self.outside.append(url)


def until(page: Any, true: str) -> None:
    """Wait for an expression of the page's (its policy forbids to evaluate text, so the page cannot wait itself)."""
    end = time.monotonic() + 240
    while not page.evaluate(true):
        assert time.monotonic() < end, (true, page.evaluate("JSON.stringify(jobs)"))
        page.wait_for_timeout(50)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_browser() as browser:
        yield browser


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with running(tmp_path / "studio") as address:
        yield address


@pytest.mark.parametrize("look", [
    {"color_scheme": "light", "viewport": {"width": 1360, "height": 860}},
    {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}],
    ids=["desktop-light", "phone-dark"])
def test_a_newcomer_gets_to_a_glb(browser: Any, address: str, look: dict[str, Any]) -> None:
    visit = Page(browser, address, **look)
    page = visit.page
    assert page.locator("#make").is_disabled()
    page.click("#astronaut")
    page.click("#gallery button[data-id=demo-oil]")
    page.wait_for_selector("#photo-card.done")
    page.wait_for_selector("#style-card.done")
    page.click("#make")
    page.wait_for_selector("iframe")
    page.wait_for_selector("#bar .actions")
    with page.expect_download() as download:
        page.click("text=Download GLB")
    assert Path(download.value.path()).read_bytes() == b"of figure.glb"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(22, 21, 25)"
    assert dark == (look["color_scheme"] == "dark")
    page.click("text=Keep this form")
    until(page, "jobs[0].state === 'done' && jobs[0].shape && jobs[0].shape.strength === 0.4")
    shape = page.evaluate("jobs[0].shape")
    assert (shape["caricature"], shape["hair_shape"], shape["relief"]) == (1.2, 0.7, 0.35)
    page.reload()  # the page finds its job again
    page.wait_for_selector("iframe")
    assert visit.complaints == []
    assert visit.outside == []


def test_a_face_that_is_not_found_is_clicked(browser: Any, address: str, tmp_path: Path) -> None:
    visit = Page(browser, address)
    page = visit.page
    (tmp_path / "drawing.png").write_bytes(png(90, 120))
    page.set_input_files("#style-file", str(tmp_path / "drawing.png"))
    trouble = page.locator("#style-card .trouble")
    trouble.wait_for()
    assert "drawing.png: no face found (best score 0.10, needed 0.50)." in trouble.inner_text()
    assert "five clicks" in trouble.inner_text()
    trouble.locator("text=Click five points").click()
    box = page.locator("#marks-canvas svg").bounding_box()
    assert page.locator("#marks-use").is_disabled()
    places = ((0.3, 0.3), (0.6, 0.3), (0.45, 0.5), (0.35, 0.7), (0.55, 0.7))
    for x, y in places:
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    page.click("#marks-use")
    page.wait_for_selector("#style-card.done")
    clicks = page.evaluate("choice.style.face.clicks")
    for (x, y), (clicked_x, clicked_y) in zip(places, clicks, strict=True):
        assert abs(clicked_x - 90 * x) < 1
        assert abs(clicked_y - 120 * y) < 1
    assert "Your points are used" in page.locator("#style-card .told").inner_text()
    assert visit.complaints == []


def test_landmarks_are_dragged_and_several_faces_chosen(browser: Any, address: str, tmp_path: Path) -> None:
    visit = Page(browser, address)
    page = visit.page
    (tmp_path / "two.png").write_bytes(png(91))
    page.set_input_files("#photo-file", str(tmp_path / "two.png"))
    page.click("#photo-card .mend >> text=Face 2")
    page.wait_for_selector("#photo-card.done")
    assert page.evaluate("choice.photo.face.face") == 1
    page.click("#photo-card >> text=Correct it")
    page.click("[data-tool=landmarks]")
    held = page.locator("#marks circle").first.bounding_box()
    page.mouse.move(held["x"] + held["width"] / 2, held["y"] + held["height"] / 2)
    page.mouse.down()
    page.mouse.move(held["x"] + 60, held["y"] + 60, steps=4)
    page.mouse.up()
    page.click("#marks-use")
    page.wait_for_selector("#photo-card.done")
    landmarks = page.evaluate("choice.photo.face.landmarks")
    assert len(landmarks) == 68
    assert landmarks[67] == [46, 33]
    assert sum(point not in ([30 + n % 17, 30 + n // 17] for n in range(68)) for point in landmarks) == 1
    assert visit.complaints == []


def painted(page: Any, tool: str, swatch: str, role: str) -> None:
    """A stroke from left to right with the brush, through the middle of the picture; then it is used."""
    page.click(f"#{role}-card >> text=Correct it")
    page.click(f"[data-tool={tool}]")
    until(page, "Boolean(brush.labels)")
    assert page.locator("#marks-use").is_disabled()
    page.click(f"#swatches >> text={swatch}")
    box = page.locator("#marks-canvas svg").bounding_box()
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2, steps=3)
    page.mouse.up()
    page.click("#marks-use")
    until(page, f"Boolean(choice.{role}.face.{tool} && choice.{role}.look)")


def test_regions_and_a_cut_out_are_painted(browser: Any, address: str, tmp_path: Path) -> None:
    visit = Page(browser, address)
    page = visit.page
    (tmp_path / "me.png").write_bytes(png(200, 160))
    page.set_input_files("#photo-file", str(tmp_path / "me.png"))
    page.click("#gallery button[data-id=demo-oil]")
    page.wait_for_selector("#photo-card.done")
    page.wait_for_selector("#style-card.done")
    painted(page, "regions", "Headwear", "photo")
    painted(page, "mask", "Background", "style")
    assert "Your regions are used" in page.locator("#photo-card .told").inner_text()
    assert "Your cut-out is used" in page.locator("#style-card .told").inner_text()
    kept = {role: page.evaluate(f"choice.{role}.face") for role in ("photo", "style")}

    def file(number: str) -> np.ndarray:
        return np.asarray(Image.open(tmp_path / "studio" / "pictures" / number / f"{number}.png").convert("RGB"))

    labels = labels_of_picture(file(kept["photo"]["regions"]))
    assert labels.shape == (160, 200)
    assert (labels[80, 30:170] == Label.HEADWEAR).all()
    assert (labels[:60] != Label.HEADWEAR).all()
    assert labels[140, 50] == Label.SKIN
    assert labels[5, 5] == Label.GROUND
    mask = file(kept["style"]["mask"])
    assert mask.shape == (768, 768, 3)
    assert set(np.unique(mask)) == {0, 255}
    assert mask[384, 200:600].max() == 0
    assert mask[600, 300].min() == 255
    page.click("#make")
    until(page, "jobs[0] && jobs[0].made")
    order = page.evaluate("jobs[0].order")
    assert (order["photo_face"]["regions"], order["style_face"]["mask"]) == (
        kept["photo"]["regions"], kept["style"]["mask"])
    assert visit.complaints == []
    assert visit.outside == []


def test_the_brush_undoes_and_works_without_a_mouse_and_a_bad_cut_out_is_mended(
    browser: Any, address: str, tmp_path: Path
) -> None:
    visit = Page(browser, address)
    page = visit.page
    (tmp_path / "me.png").write_bytes(png(92, 92))
    page.set_input_files("#photo-file", str(tmp_path / "me.png"))
    page.wait_for_selector("#photo-card.done")
    page.click("#photo-card >> text=Correct it")
    page.click("[data-tool=mask]")
    until(page, "Boolean(brush.labels)")
    before = page.evaluate("brush.labels.reduce((a, b) => a + b)")
    page.focus("#marks-canvas svg")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    assert page.evaluate("brush.labels.reduce((a, b) => a + b)") < before
    page.click("#marks-undo")
    page.click("#marks-undo")
    assert page.evaluate("brush.labels.reduce((a, b) => a + b)") == before
    assert page.locator("#marks-undo").is_disabled()
    page.focus("#marks-canvas svg")
    page.keyboard.press("Enter")
    page.click("#marks-use")
    trouble = page.locator("#photo-card .trouble")
    trouble.wait_for()
    assert "leaves most of the face out" in trouble.inner_text()
    trouble.locator("text=Mend it with the brush").click()
    until(page, "marks.tool === 'mask' && Boolean(brush.labels)")
    page.click("text=Cancel")
    trouble.locator("text=Without it").click()
    page.wait_for_selector("#photo-card.done")
    assert page.evaluate("choice.photo.face") == {}
    assert visit.complaints == []


def test_with_the_keyboard_alone(browser: Any, address: str) -> None:
    page = Page(browser, address).page
    page.focus("#astronaut")
    page.keyboard.press("Enter")
    page.focus("#gallery button")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#style-card.done")
    page.wait_for_selector("#photo-card.done")
    assert page.evaluate("choice.style.id") == "demo-mosaic"
    page.focus("#make")
    page.keyboard.press("Enter")
    page.wait_for_selector("iframe")
    nameless = page.evaluate(
        "[...document.querySelectorAll('button, input, select, iframe')].filter(e => !(e.ariaLabel || e.title || "
        "e.textContent.trim() || e.labels?.length || e.closest('label'))).length")
    assert nameless == 0


def test_two_styles_side_by_side_and_a_service_that_is_gone(browser: Any, tmp_path: Path) -> None:
    with running(tmp_path / "studio") as address:
        page = Page(browser, address).page
        page.evaluate("""async () => { for (const style of ["demo-oil", "demo-ink"])
            await ask("POST", "jobs", { photo: "demo-astronaut", style, presets: ["fast"] }); await refresh(); }""")
        until(page, "jobs.length === 2 && jobs.every(one => one.made)")
        page.click("#jobs .open >> nth=0")
        page.click("text=Compare")
        page.click("#jobs .open >> nth=1")
        until(page, "document.querySelectorAll('iframe').length === 2")
        page.click("text=One at a time >> nth=0")
        until(page, "document.querySelectorAll('iframe').length === 1")
    page.wait_for_selector("#offline:not([hidden])", timeout=60_000)


def test_the_client_example(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(png())
    example = runpy.run_path(str(ROOT / "examples" / "studio_client.py"))
    with running(tmp_path / "studio") as address:
        client = example["Client"](address)
        photo = client.upload(tmp_path / "photo.png")
        job = client.order(photo, "demo-oil", presets=["fast"], options={"strength": 0.5})
        assert client.wait(job)["made"] == "fast"
        assert client.file(job, "figure.glb") == b"of figure.glb"
        with pytest.raises(example["StudioError"], match="no face found"):
            client.wait(client.order(photo, "demo-oil", presets=["fast"], options={"seed": 7}))


@pytest.mark.long
def test_a_real_figure_from_end_to_end(browser: Any, tmp_path: Path) -> None:
    with running(tmp_path / "studio", serve.COMMAND) as address:
        page = Page(browser, address).page
        page.click("#astronaut")
        page.click("#gallery button[data-id=demo-oil]")
        page.click("#options summary")
        page.select_option("#quality", "fast")
        page.wait_for_selector("#photo-card.done", timeout=120_000)
        page.wait_for_selector("#style-card.done", timeout=120_000)
        page.click("#make")
        page.wait_for_selector("iframe", timeout=900_000)
        # three sliders at work: strength, caricature, hair
        page.frame_locator("iframe").locator("body[data-live='3'][data-state=still]").wait_for(timeout=60_000)
        with page.expect_download() as download:
            page.click("text=Download GLB")
        assert Path(download.value.path()).read_bytes()[:4] == b"glTF"
