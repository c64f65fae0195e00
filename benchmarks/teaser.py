"""The README's picture: the demo's photo in every bundled style, painted and in clay.

    python benchmarks/teaser.py [--preset default] [--runs FOLDER]

Writes docs/pictures/teaser.jpg. FOLDER keeps the runs (default: a temporary folder).
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from PIL import Image

from twinbrush.app import demo
from twinbrush.config import PRESETS

TILE = 300
ROOT = Path(__file__).resolve().parents[1]


def _tile(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        square = picture.convert("RGB")
    side = min(square.size)
    return square.crop((0, 0, side, side)).resize((TILE, TILE), Image.Resampling.LANCZOS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="default", choices=list(PRESETS))
    parser.add_argument("--runs", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        runs = options.runs or Path(scratch)
        results = list(demo.run(runs, "all", PRESETS[options.preset]))
        styles = demo.bundled_styles()
        page = Image.new("RGB", (TILE * (len(results) + 1), TILE * 3), "white")
        page.paste(_tile(runs / "astronaut.png"), (0, TILE))
        for column, result in enumerate(results, 1):
            rows = (styles[result.out.name], result.out / "figure_-45.png", result.out / "clay_45.png")
            for row, path in enumerate(rows):
                page.paste(_tile(path), (column * TILE, row * TILE))
    target = ROOT / "docs" / "pictures" / "teaser.jpg"
    target.parent.mkdir(parents=True, exist_ok=True)
    page.save(target, quality=88)
    print(target)


if __name__ == "__main__":
    main()
