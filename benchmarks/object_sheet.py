"""Meshes x styles: every pair stylized all the way round, one row of eight painted and eight clay stills each.

    python benchmarks/object_sheet.py OUT --models bunny.obj spot.obj --styles rabbit.jpg [--preset default]

Each pair's results go to OUT/<model>__<style>/; OUT/objects.png shows all, OUT/objects.json the metrics, OUT/teaser.jpg
is the README's picture. A pair that fails is named and makes the exit code 1. Finished pairs are resumed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from PIL import Image, ImageOps

from twinbrush.base.errors import TwinbrushError
from twinbrush.base.image import load_image
from twinbrush.config import PRESETS
from twinbrush.export.allround import SIDES
from twinbrush.export.sheet import contact_sheet, write_sheet
from twinbrush.road.pipeline import stylize_files

TILE = 264  # pixels of the teaser's tiles
PAPER = (250, 249, 247)


def rows_of(folder: Path, title: str) -> list[list[tuple[str, np.ndarray]]]:
    """Painted and clay stills of one pair."""
    rows = []
    for kind in ("painted", "clay"):
        rows.append([(f"{title}, {kind}, {side}" if side == 0 else str(side),
                      load_image(folder / f"{kind}_{side:03d}.png").pixels) for side in SIDES])  # fmt: skip
    return rows


def teaser(pairs: list[tuple[Path, Path]], kinds: list[str]) -> Image.Image:
    """A row for each pair: the model, the style, and four sides of the result, painted or in clay."""
    page = Image.new("RGB", (TILE * 6, TILE * len(pairs)), PAPER)
    for row, ((folder, style), kind) in enumerate(zip(pairs, kinds, strict=True)):
        sides = (folder / f"{kind}_{side:03d}.png" for side in (0, 315, 180, 90))
        tiles = [folder / "reference.png", style, *sides]
        for column, tile in enumerate(tiles):
            with Image.open(tile) as opened:
                picture = ImageOps.pad(opened.convert("RGB"), (TILE - 4, TILE - 4), color=PAPER)
            page.paste(picture, (column * TILE + 2, row * TILE + 2))
    return page


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--models", type=Path, nargs="+", required=True)
    parser.add_argument("--styles", type=Path, nargs="+", required=True)
    parser.add_argument("--preset", default="default", choices=sorted(PRESETS))
    parser.add_argument("--method", default=None)
    parser.add_argument("--turntable", action="store_true")
    parser.add_argument("--teaser", nargs="+", choices=["painted", "clay"], help="what its rows show, by pair")
    options = parser.parse_args()
    config = PRESETS[options.preset]
    config = replace(config, export=replace(config.export, turntable=options.turntable))
    if options.method:
        config = replace(config, stylize=replace(config.stylize, method=options.method))
    rows, metrics, failed, done = [], {}, False, []
    for model in options.models:
        for style in options.styles:
            folder = options.out / f"{model.stem}__{style.stem}"
            try:
                result = stylize_files(model, style, folder, config)
            except TwinbrushError as error:
                print(f"{model.stem} x {style.stem}: {error}", file=sys.stderr)
                failed = True
                continue
            cpu = sum(timing.cpu_seconds for timing in result.timings)
            metrics[folder.name] = {**result.metrics, "cpu_seconds": cpu}
            print(f"{folder.name}: {cpu:.0f} cpu-s; {'; '.join(result.warnings)}", flush=True)
            done.append((folder, style))
            rows += rows_of(folder, f"{model.stem} x {style.stem}")
    (options.out / "objects.json").write_text(json.dumps(metrics, indent=1))
    if rows:
        write_sheet(contact_sheet(rows, width=2600), options.out / "objects.png")
        kinds = options.teaser or ["painted"] * len(done)
        teaser(done, kinds[: len(done)]).save(options.out / "teaser.jpg", quality=80, optimize=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
