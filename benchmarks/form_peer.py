"""The form beside EPS's published pair (photo and style 00016, ../shared/data/peer): distances to the style's points.

    python benchmarks/form_peer.py [--cache FOLDER]

Brows, nose, eyes and outer lips (points 17 to 59) after similarity alignment, RMS in inter-ocular distances. EPS's view
from the front and the photo are read by our landmark network; our figure by where the 68 names lie on it
(form_points/clayhead.txt), and by the same network on a picture of it in clay, which it draws toward a normal face.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from form_figures import bare_figure, clay, picture, read_style
from form_points.points import SHARED, photo_path, read_clay
from twinbrush.align.faces.style_head import fit_style_head
from twinbrush.config import FaceConfig, PortraitConfig
from twinbrush.faces.landmarks68 import INDEX_68
from twinbrush.maths.similarity import weighted_similarity
from twinbrush.regions.inputs import read_input
from twinbrush.sculpt.template import template
from twinbrush.shape.figure import shape_of, with_shape
from twinbrush.shape.head import make_form

PAIR, CLAY_PX = "00016", 768


def network(path: Path) -> np.ndarray:
    """The landmark network's 68 points of a picture."""
    found = read_input(path, FaceConfig(), PortraitConfig(), art=True).face.landmarks
    return found[list(INDEX_68), :2]


def distance(points: np.ndarray, style: np.ndarray) -> float:
    """RMS distance of points 17 to 59, in the style's inter-ocular distances."""
    mine, aim = points[17:60], style[17:60]
    aligned = weighted_similarity(mine, aim, np.ones(len(aim))).apply(mine)
    apart = np.linalg.norm(style[36:42].mean(0) - style[42:48].mean(0))
    return float(np.sqrt(((aligned - aim) ** 2).sum(1).mean()) / apart)


def main() -> None:
    """Print the distances."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, help="keep what does not depend on the style's form in this folder")
    cache = parser.parse_args().cache
    file = SHARED / "styles" / f"{PAIR}_style_landmarks68.txt"
    style, names, model = np.loadtxt(file), read_clay(), template()
    print(f"network: photo {distance(network(photo_path(PAIR)), style):.3f}, "
          f"EPS {distance(network(SHARED / 'peer' / f'eps_{PAIR}_res_00.png'), style):.3f}")
    person = bare_figure(PAIR, cache)
    for title, landmarks in (("landmarks found", None), ("the user's 68 points", file)):
        kept = cache if landmarks is None else None  # the folder's given points are the hand-placed ones
        form = make_form(model, fit_style_head(model, read_style(f"{PAIR}_style", kept, landmarks).crop))
        for strength in (0.0, 1.0, 1.5):
            shape = shape_of(model, person, form, strength, 1.0)
            own = distance(names.on(shape.vertices)[:, :2] * [1, -1], style)
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "clay.png"
                picture(clay(with_shape(model, person, shape), CLAY_PX)[:, :CLAY_PX]).save(path)
                seen = distance(network(path), style)
            print(f"{title}, strength {strength}: names on the figure {own:.3f}, network on its clay {seen:.3f}")


if __name__ == "__main__":
    main()
