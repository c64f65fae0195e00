"""How quickly the studio's page and the viewer answer, in Chromium with software rendering.

    python benchmarks/studio_page.py VIEWER.html [--rounds 20]

The page: bytes of everything that it loads, first contentful paint (as the browser tells it), with a service that is
there. The viewer of a real figure (any viewer.html that `stylize` wrote): from the slider's event to the picture that
shows it, read back from the canvas so that nothing is still under way; while it moves (fewer pixels are drawn then)
and from rest. Wall milliseconds say little on a machine that others use; beside them stand the CPU-milliseconds of all
of Chromium's processes for a picture, which two idle cores would take no longer than.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from browsing import open_browser
from serving import studio

PAINTED = "performance.getEntriesByName('first-contentful-paint').map(entry => entry.startTime)"
# Sets a slider as a hand does, waits for the frame that follows, and for its pixels.
SLIDE = """(value) => new Promise(done => {
  const input = document.getElementById("form-strength"), began = performance.now();
  input.value = value;
  input.dispatchEvent(new Event("input"));
  requestAnimationFrame(() => requestAnimationFrame(() => {
    const canvas = document.getElementById("stage"), gl = canvas.getContext("webgl2") || canvas.getContext("webgl");
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
    done([performance.now() - began, canvas.width]);
  }));
})"""


def page_numbers(browser: Any, address: str, rounds: int) -> tuple[list[float], int]:
    """First contentful paints, ms, each in a browser without a cache; bytes of all that is loaded."""
    paints: list[float] = []
    whole = 0
    for _ in range(rounds):
        context = browser.new_context(viewport={"width": 1360, "height": 860})
        page, sizes = context.new_page(), list[int]()
        page.on("requestfinished", lambda request, sizes=sizes: sizes.append(request.sizes()["responseBodySize"]))
        page.goto(address)
        page.wait_for_selector("#gallery button")
        page.wait_for_load_state("load")
        while not (paint := page.evaluate(PAINTED)):
            page.wait_for_timeout(50)
        paints.append(paint[0])
        whole = sum(sizes)
        context.close()
    return paints, whole


def cpu_seconds() -> float:
    """CPU-seconds of all processes that this one has started and that live."""
    parents: dict[int, int] = {}
    spent: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)], spent[int(entry.name)] = int(fields[1]), int(fields[11]) + int(fields[12])
    ours, grown = {os.getpid()}, True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in ours} - ours
        ours, grown = ours | more, bool(more)
    return sum(spent[pid] for pid in ours - {os.getpid()} if pid in spent) / os.sysconf("SC_CLK_TCK")


def slider_numbers(browser: Any, viewer: Path, rounds: int) -> dict[str, list[float]]:
    """Milliseconds from slider to picture: from rest, and one after the other as while dragging."""
    page = browser.new_context(viewport={"width": 980, "height": 620}).new_page()
    page.set_default_timeout(120_000)
    page.goto(viewer.absolute().as_uri())
    page.wait_for_selector("body[data-live][data-state=still]")
    found: dict[str, list[float]] = {"from rest": [], "while dragging": []}
    for number in range(rounds):
        page.wait_for_selector("body[data-state=still]")
        found["from rest"].append(page.evaluate(SLIDE, 0.2 + number / rounds)[0])
    drag = "async count => { const out = [];" + (
        f"for (let i = 0; i < count; i++) out.push(await ({SLIDE})(i / count)); return out; }}")
    page.evaluate(drag, 6)  # finds out how quick this machine is
    before = cpu_seconds()
    moved = page.evaluate(drag, 2 * rounds)
    each = 1000 * (cpu_seconds() - before) / len(moved)
    found["while dragging"] = [milliseconds for milliseconds, _ in moved]
    vertices, widths = page.evaluate("document.body.dataset.vertices"), sorted({width for _, width in moved})
    print(f"  vertices {vertices}; while dragging: width of the canvas {widths}, {each:.0f} CPU-ms for each step")
    return found


def told(name: str, values: list[float]) -> str:
    """A line: median and the slowest of ten."""
    ordered = sorted(values)
    return f"  {name}: median {statistics.median(values):.0f} ms, 90 % {ordered[int(0.9 * (len(ordered) - 1))]:.0f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("viewer", type=Path)
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {load:.1f}")
    with (
        tempfile.TemporaryDirectory() as folder, studio(Path(folder) / "studio") as port, open_browser() as browser
    ):  # fmt: skip
        paints, size = page_numbers(browser, f"http://127.0.0.1:{port}/", max(3, given.rounds // 4))
        print(f"page: {size / 1e6:.2f} MB")
        print(told("first contentful paint", paints))
        print(f"viewer: {given.viewer.stat().st_size / 1e6:.1f} MB")
        for name, values in slider_numbers(browser, given.viewer, given.rounds).items():
            print(told(f"slider to picture, {name}", values))


if __name__ == "__main__":
    main()
