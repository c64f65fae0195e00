"""Persons x styles in clay: whole figures with hair, from the front and from 40 degrees, on one sheet.

    python benchmarks/form_sheet.py OUT [--persons NAME ...] [--styles NAME ...] [--strength S] [--caricature C]
        [--sliders] [--cache FOLDER]

OUT/form_sheet.png: in the first row the style portraits, in the first column each photo and its unshaped figure from
the front; below and beside them what shaping makes of them. OUT/form_sheet.json: the CPU-seconds of each style (its
regions' reading apart), of each pair (and, with --sliders, of all shapes of the viewer's sliders), and crossing
triangles. Names are those of ../shared/data and of the packaged
demo styles.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from PIL import ImageDraw

from form_figures import TILE, clay, picture, read_person, read_style
from twinbrush.align.faces.style_head import fit_style_head
from twinbrush.sculpt.template import template
from twinbrush.shape.figure import shape_of, with_shape
from twinbrush.shape.head import Form, make_form
from twinbrush.shape.live import CARICATURES, STRENGTHS, shapes_at

PERSONS = ("00016", "22_0232", "45_1373", "dark_skin_big_curls", "grey_beard_laughing", "long_coloured_hair", "26_0516",
           "hand_on_cheek")
STYLES = ("ink", "mosaic", "oil", "woodcut", "00016_style", "doll_woman", "toon_boy", "picasso_selfport1907")
PAPER = 1.0


def labelled(tile: np.ndarray, text: str) -> np.ndarray:
    """The tile with a name in its upper left corner."""
    page = picture(tile)
    draw = ImageDraw.Draw(page)
    draw.rectangle(draw.textbbox((4, 4), text), fill=(255, 255, 255))
    draw.text((4, 4), text, fill=(0, 0, 0))
    return np.asarray(page, np.float32) / 255


def centred(tile: np.ndarray) -> np.ndarray:
    """A square tile in the middle of a cell, which is twice as wide."""
    side = tile.shape[0]
    return np.pad(tile, ((0, 0), (side // 2, side - side // 2), (0, 0)), constant_values=PAPER)


def main() -> int:
    """Write the sheet; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--persons", nargs="+", default=list(PERSONS))
    parser.add_argument("--styles", nargs="+", default=list(STYLES))
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--caricature", type=float, default=1.0)
    parser.add_argument("--sliders", action="store_true", help="also time the shapes of the viewer's sliders")
    parser.add_argument("--cache", type=Path, help="keep sculpted figures and read styles in this folder")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    model = template()
    forms: dict[str, Form] = {}
    told: dict[str, dict[str, float]] = {"style_cpu_seconds": {}, "pair_cpu_seconds": {}, "crossing": {}}
    top = [np.full((TILE, 2 * TILE, 3), PAPER, np.float32)]
    for name in options.styles:
        style = read_style(name, options.cache)
        started = time.process_time()
        forms[name] = make_form(model, fit_style_head(model, style.crop))
        told["style_cpu_seconds"][name] = time.process_time() - started
        top.append(centred(labelled(style.tile, name)))
    rows = [np.concatenate(top, 1)]
    for who in options.persons:
        person = read_person(who, options.cache)
        row = [np.concatenate([labelled(person.tile, who), clay(person.figure)[:, :TILE]], 1)]
        for name, form in forms.items():
            started = time.process_time()
            shape = shape_of(model, person.figure, form, options.strength, options.caricature)
            told["pair_cpu_seconds"][f"{who} x {name}"] = time.process_time() - started
            told["crossing"][f"{who} x {name}"] = shape.crossing
            whole = with_shape(model, person.figure, shape)
            row.append(clay(whole))
            if options.sliders:
                started = time.process_time()
                rows_of = [(value, options.caricature) for value in STRENGTHS]
                rows_of += [(options.strength, value) for value in CARICATURES]
                shapes_at(model, person.figure, form, rows_of)
                told.setdefault("sliders_cpu_seconds", {})[f"{who} x {name}"] = time.process_time() - started
        rows.append(np.concatenate(row, 1))
        seconds = [told["pair_cpu_seconds"][f"{who} x {name}"] for name in forms]
        sliders = [told["sliders_cpu_seconds"][f"{who} x {name}"] for name in forms] if options.sliders else []
        print(f"{who}: {np.mean(seconds):.2f} CPU-s a pair" + f", sliders {np.mean(sliders):.2f}" * bool(sliders),
              flush=True)
        picture(np.concatenate(rows)).save(options.out / "form_sheet.png")
    seconds = list(told["style_cpu_seconds"].values())
    print(f"styles: {np.median(seconds):.2f} CPU-s each (median, regions apart); "
          f"{sum(1 for count in told['crossing'].values() if count)} of {len(told['crossing'])} pairs cross")
    (options.out / "form_sheet.json").write_text(json.dumps(told, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
