"""The README's pictures of `twinbrush sculpt`: NASA's astronaut (public domain, comes with scikit-image).

    python benchmarks/sculpt_teaser.py docs/pictures/sculpt.jpg docs/pictures/form.jpg

The first: photo, figure in colour and in clay. The second: our own five painted styles above, below the figure in clay
with each one's form.
"""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

from twinbrush.align.faces.painted import seen_portrait
from twinbrush.align.faces.style_head import fit_style_head
from twinbrush.base.camera import look_at_origin
from twinbrush.base.shade import shade
from twinbrush.config import FaceConfig, PortraitConfig
from twinbrush.config.sculpt import SculptConfig
from twinbrush.export.figure_outputs import figure_mesh
from twinbrush.faces.face import find_face
from twinbrush.regions.inputs import read_input
from twinbrush.sculpt.figure import sculpt
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Figure
from twinbrush.shape.figure import shaped
from twinbrush.shape.head import make_form

SIZE, HEIGHT_MM, DISTANCE_MM = 460, 600.0, 1500.0
MIDDLE_MM = np.array([0.0, -132.0, -60.0])
CROP = (56, 0, 396, 340)  # x0, y0, x1, y1 of the photo's tile
STYLES = ("ink", "mosaic", "oil", "pastel", "woodcut")
SMALL, CLOSE_MM = 384, 400.0  # pixels and height of a tile in the second picture
CLOSE_MIDDLE_MM = np.array([0.0, -62.0, -60.0])


def look(figure: Figure, degrees: float, mode: str, close: bool = False) -> np.ndarray:
    """The figure from a side; close: without its socle, smaller."""
    size, height_mm, middle_mm = (SMALL, CLOSE_MM, CLOSE_MIDDLE_MM) if close else (SIZE, HEIGHT_MM, MIDDLE_MM)
    camera = look_at_origin(
        np.radians(degrees), 0.0, DISTANCE_MM, DISTANCE_MM * size / height_mm, size, size, middle_mm)
    return shade(figure_mesh(figure), camera, mode="clay" if mode == "clay" else "textured")


def tile_of(pixels: np.ndarray, size: int) -> np.ndarray:
    """A square picture at that size."""
    image = Image.fromarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8))
    return np.asarray(image.resize((size, size), Image.Resampling.LANCZOS), np.float32) / 255


def write(path: Path, rows: list[list[np.ndarray]]) -> None:
    """Rows of tiles as one JPEG."""
    whole = np.concatenate([np.concatenate(row, 1) for row in rows])
    Image.fromarray((np.clip(whole, 0, 1) * 255).astype(np.uint8)).save(path, quality=88)


def main() -> None:
    """Write the pictures."""
    photo = data.astronaut().astype(np.float32) / 255
    figure = sculpt(photo, find_face(photo, FaceConfig(), where="astronaut"), SculptConfig())
    x0, y0, x1, y1 = CROP
    sides = ((0, "textured"), (140, "textured"), (0, "clay"), (-50, "clay"))
    write(Path(sys.argv[1]), [[tile_of(photo[y0:y1, x0:x1], SIZE), *(look(figure, *side) for side in sides)]])
    above, below = [tile_of(photo[y0:y1, x0:x1], SMALL)], [look(figure, 20, "clay", close=True)]
    for name in STYLES:
        path = Path(str(files("twinbrush").joinpath("app", "demo_styles", f"{name}.png")))
        given = read_input(path, FaceConfig(), PortraitConfig(), art=True)
        form = make_form(template(), fit_style_head(template(), seen_portrait(given).crop))
        above.append(tile_of(given.picture.pixels, SMALL))
        below.append(look(shaped(template(), figure, form), 20, "clay", close=True))
        print(name, flush=True)
    write(Path(sys.argv[2]), [above, below])


if __name__ == "__main__":
    main()
