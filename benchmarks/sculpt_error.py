"""Error of the sculpted head (`twinbrush sculpt`) on synthetic heads with known geometry.

    python benchmarks/sculpt_error.py [folder]
    python benchmarks/sculpt_error.py --photos FOLDER [FOLDER ...]
    python benchmarks/sculpt_error.py --render ict_facekit.npz folder      (12 more heads; a seed no training has seen)

The true surface against its nearest point on the sculpted head's skin, mm, after a
similarity alignment found on the face alone. Face: the visible vertices of the heads' face region inside the landmarks'
outline. The bias of photos (sculpt/bias.py) is off here: the regression learned from pictures such as these;
--as-photos leaves it on. Photos: seen landmarks' distance from their pixels, of a 576-pixel crop (median, 90%), and the
mean curvature of the corrected face over the uncorrected one's.
Head: all vertices above the chin, hidden ones too, by area; neck: those below.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from head_truth import HEADS, align, dense_points, landmark_depths, vertex_areas
from twinbrush.camera import project
from twinbrush.config import FaceConfig, PortraitConfig
from twinbrush.faces import indices
from twinbrush.faces.face import find_face
from twinbrush.image import load_image, save_png
from twinbrush.maths.filters import polygon_mask
from twinbrush.maths.surface import mean_curvature
from twinbrush.mesh import Mesh
from twinbrush.portrait.crop import SIDE_FACE_HEIGHTS, Crop
from twinbrush.portrait.geometry import make_frame
from twinbrush.sculpt import figure
from twinbrush.sculpt.figure import fit_crop
from twinbrush.sculpt.template import template

NEW_SEED, NEW_HEADS = 20261128, 12


def measure(path: Path) -> dict[str, float]:
    """Errors of one head, mm: of the fit without correction, and with it."""
    image = load_image(path.with_suffix(".png")).pixels
    truth = np.load(path)
    face = find_face(image, FaceConfig(), where=path.stem, portrait=PortraitConfig(min_face_px=40))
    shape = image.shape[:2]
    nothing = np.zeros(shape)
    started = time.process_time()
    model = template()
    fit, _ = fit_crop(model, Crop(image, nothing, nothing.astype(np.uint8), nothing == 0, face))
    cost = time.process_time() - started
    vertices = truth["vertices_mm"].astype(float) * [1, -1, 1]
    pixels, visible, faces = truth["pixels_xy"].astype(float), truth["visible"], truth["faces"]
    area = vertex_areas(np.column_stack([pixels, np.zeros(len(pixels))]), faces, visible)
    inside = polygon_mask(shape, face.landmarks[list(indices.OVAL), :2])
    at = np.clip(np.round(pixels).astype(int), 0, [shape[1] - 1, shape[0] - 1])
    on_face = visible & truth["face_region"] & inside[at[:, 1], at[:, 0]] & (area > 0)
    below = pixels[:, 1] > face.landmarks[indices.CHIN, 1]
    frame = make_frame(face, shape[1], shape[0])
    depth = landmark_depths(face.landmarks[:, :2], frame.landmarks_xyz[:, 2], pixels[on_face])
    guess = frame.lift(pixels[on_face], depth)
    everywhere = vertex_areas(vertices, faces, np.ones(len(vertices), bool))
    skin = model.triangles[(model.labels[model.triangles] <= 3).all(1)]
    result = {"cpu": cost}
    for name, head in (("fit", fit.uncorrected), ("", fit.vertices)):
        surface = dense_points(Mesh(_posed(head, fit), skin))
        matrix = align(surface, vertices[on_face], guess, area[on_face])
        distance, _ = cKDTree(surface @ matrix[:, :3].T + matrix[:, 3]).query(vertices)
        result[f"{name} face".strip()] = float(np.average(distance[on_face], weights=area[on_face]))
        result[f"{name} head".strip()] = float(np.average(distance[~below], weights=everywhere[~below]))
        result[f"{name} neck".strip()] = float(np.average(distance[below], weights=everywhere[below]))
    return result


def _posed(head: np.ndarray, fit: object) -> np.ndarray:
    """The head as the photo's camera sees it, y up, z toward the viewer."""
    camera = fit.camera  # type: ignore[attr-defined]
    seen = head @ camera.world_to_camera[:, :3].T + camera.world_to_camera[:, 3]
    return seen * [1, -1, -1] + [0, 0, np.linalg.norm(camera.world_to_camera[:, 3])]


def measure_photo(path: Path) -> list[float]:
    """Median and 90% of the landmarks' distances, ratio of mean curvatures, CPU-seconds of the fit."""
    image = load_image(path).pixels
    face = find_face(image, FaceConfig(face=0), where=path.stem)
    shape = image.shape[:2]
    nothing = np.zeros(shape)
    model = template()
    started = time.process_time()
    fit, _ = fit_crop(model, Crop(image, nothing, nothing.astype(np.uint8), nothing == 0, face))
    cost = time.process_time() - started
    found, _ = project(fit.camera, model.landmarks(fit.vertices))
    scale = 576 / (SIDE_FACE_HEIGHTS * face.height_px)
    away = np.linalg.norm(found - fit.targets_xy, axis=1)[fit.visible > 0.5] * scale
    flat = model.labels == 0
    before, after = (mean_curvature(v, model.triangles)[flat].mean() for v in (fit.uncorrected, fit.vertices))
    return [float(np.median(away)), float(np.quantile(away, 0.9)), float(after / before), cost]


def photos(folders: list[Path]) -> None:
    """Print the photos' table."""
    rows = []
    for path in sorted(p for folder in folders for p in folder.glob("*.jpg")):
        rows.append(measure_photo(path))
        print(f"{path.stem:24}" + "".join(f"{v:10.2f}" for v in rows[-1]), flush=True)
    print(f"{'worst':24}" + "".join(f"{v:10.2f}" for v in np.max(rows, axis=0)))


def render(kit_path: Path, folder: Path) -> None:
    """Twelve heads in the format of shared/data/heads."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "training"))
    from head_kit import FACE_VERTICES, SKIN_VERTICES
    from head_pictures import known, make_paint, random_expression, shoot
    from template_samples import load_packed

    from twinbrush.rasterize import visible_points

    kit = load_packed(kit_path)
    paint = make_paint(kit)
    rng = np.random.default_rng(NEW_SEED)
    folder.mkdir(parents=True, exist_ok=True)
    number = 0
    while number < NEW_HEADS:
        shot = shoot(kit.head(rng.standard_normal(len(kit.identities)), known(kit, random_expression(rng))), paint, rng)
        try:
            find_face(shot.picture, FaceConfig(), where="new", portrait=PortraitConfig(min_face_px=40))
        except Exception:
            continue
        pixels = shot.principal_xy + shot.focal_px * shot.vertices[:, :2] * [1, -1] / -shot.vertices[:, 2:]
        skin = kit.triangles[(kit.triangles < SKIN_VERTICES).all(1)]
        depth = -shot.vertices[:, 2]
        size = shot.picture.shape[0]
        seen = visible_points(pixels[:SKIN_VERTICES], depth[:SKIN_VERTICES], pixels, depth, skin, size, size)
        save_png(folder / f"new{number}.png", shot.picture)
        np.savez(folder / f"new{number}.npz", vertices_mm=shot.vertices[:SKIN_VERTICES] * [1, -1, 1], faces=skin,
                 pixels_xy=pixels[:SKIN_VERTICES], visible=seen,
                 face_region=np.arange(SKIN_VERTICES) < FACE_VERTICES)
        number += 1


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=HEADS)
    parser.add_argument("--render", type=Path)
    parser.add_argument("--photos", type=Path, nargs="+")
    parser.add_argument("--as-photos", action="store_true")
    arguments = parser.parse_args()
    if arguments.photos:
        photos(arguments.photos)
        return
    if not arguments.as_photos:
        figure.landmark_bias = lambda: np.zeros((468, 2))
    if arguments.render is not None:
        render(arguments.render, arguments.folder)
    columns = ("face", "fit face", "head", "fit head", "neck", "cpu")
    print(f"{'head':24}" + "".join(f"{c:>10}" for c in columns))
    rows = []
    for path in sorted(arguments.folder.glob("*.npz")):
        row = measure(path)
        rows.append([row[c] for c in columns])
        print(f"{path.stem:24}" + "".join(f"{v:10.2f}" for v in rows[-1]), flush=True)
    print(f"{'mean':24}" + "".join(f"{v:10.2f}" for v in np.mean(rows, axis=0)))


if __name__ == "__main__":
    main()
