"""Places the points by hand: makes the enlarged pictures to place them on, and takes them back.

    python benchmarks/form_points/place.py zoom NAME OUT.png        # the portrait's face, 1000 x 1000
    python benchmarks/form_points/place.py take NAME POINTS.txt     # -> benchmarks/form_points/NAME.txt
    python benchmarks/form_points/place.py zoom clayhead OUT.png    # the template's mean head in clay
    python benchmarks/form_points/place.py take clayhead POINTS.txt

POINTS.txt: 68 lines "x y" in pixels of the enlarged picture, "nan nan" where a point is hidden. The network's landmarks
say where the enlarged square lies and nothing else; they are not drawn. --matrix FILE: its matrix as it was then.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from form_points import points as p
from twinbrush.base.image import save_png
from twinbrush.base.mesh import Mesh
from twinbrush.base.shade import shade
from twinbrush.config import FaceConfig, PortraitConfig
from twinbrush.regions.inputs import read_input
from twinbrush.sculpt import assemble
from twinbrush.sculpt.eyeball import eyeball_mesh
from twinbrush.sculpt.lids import set_eyes
from twinbrush.sculpt.template import template

CLAY = "clayhead"


def mean_head() -> tuple[np.ndarray, Mesh]:
    """The mean head's vertices with its lids on its eyeballs, and all that is shown."""
    model = template()
    head, eyes = set_eyes(model, np.asarray(model.mean, float), np.zeros(len(model.modes)))
    meshes = [Mesh(head, model.triangles), *(eyeball_mesh(e, b) for e, b in zip(eyes, assemble.EYE_BOXES, strict=True))]
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes[:-1])])
    faces = np.concatenate([mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)])
    return head, Mesh(np.concatenate([mesh.vertices for mesh in meshes]), faces)


def enlarged(name: str, out: Path) -> None:
    """Write the picture on which points are placed."""
    if name == CLAY:
        save_png(out, shade(mean_head()[1], p.clay_camera(), mode="clay"))
        return
    given = read_input(p.style_path(name), FaceConfig(), PortraitConfig(), art=True)
    matrix = p.zoom_matrix(given.face.landmarks[:, :2])
    square = cv2.warpAffine(given.picture.pixels.astype(np.float32), matrix, (p.ZOOM_PX, p.ZOOM_PX),
                            flags=cv2.INTER_CUBIC)
    save_png(out, np.clip(square, 0, 1))
    np.savetxt(out.with_suffix(".matrix.txt"), matrix)


def take(name: str, placed: np.ndarray, matrix: np.ndarray | None, folder: Path) -> None:
    """Write the placed points as the benchmark reads them."""
    if name == CLAY:
        p.write_clay(folder / f"{CLAY}.txt", p.attached(placed, p.clay_camera(), mean_head()[0], template()))
        return
    if matrix is None:
        given = read_input(p.style_path(name), FaceConfig(), PortraitConfig(), art=True)
        matrix = p.zoom_matrix(given.face.landmarks[:, :2])
    p.write_points(folder / f"{name}.txt", p.from_zoom(placed, matrix))


def main() -> None:
    """Do one of both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["zoom", "take"])
    parser.add_argument("name")
    parser.add_argument("file", type=Path)
    parser.add_argument("--matrix", type=Path, help="the enlarged picture's matrix.txt (take)")
    parser.add_argument("--folder", type=Path, default=p.FOLDER, help="where the points go (take)")
    given = parser.parse_args()
    if given.what == "zoom":
        enlarged(given.name, given.file)
        return
    matrix = None if given.matrix is None else np.loadtxt(given.matrix)
    take(given.name, np.loadtxt(given.file), matrix, given.folder)


if __name__ == "__main__":
    main()
