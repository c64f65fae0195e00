"""All photos x all styles of a folder, one tile each: do they run, and would an artist post them?

    python benchmarks/contact_sheet.py PHOTOS STYLES OUT [--preset default] [--only 00016]

Each pair's results go to OUT/<photo>__<style>/; OUT/contact_figure.png and OUT/contact_clay.png show every pair,
OUT/contact.json the metrics. A pair that fails is shown as an empty tile with its error and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from PIL import Image, ImageDraw

from twinbrush.base.errors import FaceNotFound, FaceUnusable, TwinbrushError
from twinbrush.config import PRESETS
from twinbrush.road.pipeline import Result, stylize_files

TILE = 320


def _tile(folder: Path, name: str, angles: tuple[str, ...]) -> Image.Image:
    strip = Image.new("RGB", (TILE * len(angles), TILE), "white")
    for i, angle in enumerate(angles):
        with Image.open(folder / f"{name}_{angle}.png") as still:
            strip.paste(still.convert("RGB").resize((TILE, TILE)), (i * TILE, 0))
    return strip


def _sheet(cells: dict[tuple[str, str], Image.Image | str], rows: list[str], columns: list[str]) -> Image.Image:
    width = max((c.width for c in cells.values() if not isinstance(c, str)), default=TILE)
    sheet = Image.new("RGB", (width * len(columns), (TILE + 16) * len(rows)), "white")
    draw = ImageDraw.Draw(sheet)
    for (row, column), cell in cells.items():
        x, y = columns.index(column) * width, rows.index(row) * (TILE + 16)
        draw.text((x + 4, y + 2), f"{row} x {column}", fill="black")
        if isinstance(cell, str):
            draw.multiline_text((x + 4, y + 40), cell[:200], fill="red")
        else:
            sheet.paste(cell, (x, y + 16))
    return sheet


def _usable(path: Path) -> bool:
    """False for a style without a face (it is left out and named)."""
    from twinbrush.base.image import load_image
    from twinbrush.config import FaceConfig
    from twinbrush.faces.face import find_face

    try:
        find_face(load_image(path).pixels, FaceConfig(), where=str(path), art=True)
    except (FaceNotFound, FaceUnusable) as error:
        print(f"left out: {error}")
        return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("styles", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--preset", default="default", choices=list(PRESETS))
    parser.add_argument("--only", default="", help="only pairs whose folder name contains this")
    options = parser.parse_args()
    photos = sorted(p for p in options.photos.iterdir() if p.suffix in (".jpg", ".png"))
    styles = sorted(p for p in options.styles.iterdir() if p.suffix in (".jpg", ".png") and _usable(p))
    results: dict[tuple[str, str], Result | str] = {}
    for photo in photos:
        for style in styles:
            folder = options.out / f"{photo.stem}__{style.stem}"
            if options.only not in folder.name:
                continue
            try:
                results[photo.stem, style.stem] = stylize_files(photo, style, folder, PRESETS[options.preset])
            except TwinbrushError as error:
                results[photo.stem, style.stem] = f"{type(error).__name__}: {error}"
            print(folder.name, getattr(results[photo.stem, style.stem], "metrics", "failed"), flush=True)
    rows, columns = sorted({r for r, _ in results}), sorted({c for _, c in results})
    for name in ("figure", "clay"):
        cells = {
            (r, c): v if isinstance(v, str) else _tile(options.out / f"{r}__{c}", name, ("-45", "0", "45"))
            for (r, c), v in results.items()
        }
        _sheet(cells, rows, columns).save(options.out / f"contact_{name}.png")
    table = {f"{r}__{c}": v if isinstance(v, str) else v.metrics for (r, c), v in results.items()}
    (options.out / "contact.json").write_text(json.dumps(table, indent=1, sort_keys=True))
    return int(any(isinstance(v, str) for v in results.values()))


if __name__ == "__main__":
    sys.exit(main())
