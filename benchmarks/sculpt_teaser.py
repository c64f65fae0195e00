"""The README's picture of `twinbrush sculpt`: NASA's astronaut (public domain, comes with scikit-image).

    python benchmarks/sculpt_teaser.py docs/pictures/sculpt.jpg
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

from twinbrush.camera import look_at_origin
from twinbrush.config import FaceConfig
from twinbrush.config.sculpt import SculptConfig
from twinbrush.faces.face import find_face
from twinbrush.figure_outputs import figure_mesh
from twinbrush.sculpt.figure import sculpt
from twinbrush.views.shade import shade

SIZE, HEIGHT_MM, DISTANCE_MM = 460, 600.0, 1500.0
MIDDLE_MM = np.array([0.0, -132.0, -60.0])
CROP = (56, 0, 396, 340)  # x0, y0, x1, y1 of the photo's tile


def main() -> None:
    """Write the picture."""
    photo = data.astronaut().astype(np.float32) / 255
    figure = sculpt(photo, find_face(photo, FaceConfig(), where="astronaut"), SculptConfig())
    mesh = figure_mesh(figure)
    x0, y0, x1, y1 = CROP
    tile = Image.fromarray((photo[y0:y1, x0:x1] * 255).astype(np.uint8)).resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    tiles = [np.asarray(tile, np.float32) / 255]
    for degrees, mode in ((0, "textured"), (140, "textured"), (0, "clay"), (-50, "clay")):
        camera = look_at_origin(np.radians(degrees), 0.0, DISTANCE_MM, DISTANCE_MM * SIZE / HEIGHT_MM, SIZE, SIZE,
                                MIDDLE_MM)
        tiles.append(shade(mesh, camera, mode=mode))
    row = (np.clip(np.concatenate(tiles, 1), 0, 1) * 255).astype(np.uint8)
    Image.fromarray(row).save(Path(sys.argv[1]), quality=88)


if __name__ == "__main__":
    main()
