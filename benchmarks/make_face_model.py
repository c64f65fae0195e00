"""Write src/twinbrush/faces/face_model.json: the mean face and the mirror table of the 468 landmarks.

    python benchmarks/make_face_model.py ../shared/data [--out FILE]

Needs a folder `photos` of portraits and a folder `heads` of rendered heads named ..._yawN_pitchN.png; only numbers
averaged over all of them are kept. The mirror table is the assignment that best fits the landmark network's answers on
pictures to those on the mirrored pictures (Hungarian method). The mean face is the generalised Procrustes mean (Gower
1975) of those answers, made symmetric, turned so that the heads of pitch 0 read 0 (median), 63 mm between the eyes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from twinbrush.base import networks
from twinbrush.base.camera import INTERPUPILLARY_MM
from twinbrush.base.image import load_image
from twinbrush.faces import detect as detector
from twinbrush.faces.face_model import eye_centres, interocular
from twinbrush.faces.landmarks import SIDE, crop_roi, halvings, roi_from_eyes, roi_from_landmarks, run_network
from twinbrush.faces.pose import angles_from_rotation

Array = np.ndarray


def answers(path: Path) -> tuple[Array, Array]:
    """The network's points on the upright crop of the best face, and on its mirror image (told unmirrored)."""
    image = load_image(path).pixels
    height, width = image.shape[:2]
    window = detector.whole_image(width, height)
    face = detector.detect(image, [window], (detector.SHORT_RANGE, detector.FULL_RANGE), detector.CERTAIN)[0]
    levels, network = halvings(image), networks.interpreter("face_landmark")
    roi = roi_from_eyes(face.points_xy[0], face.points_xy[1], face.box_xyxy)
    crop = crop_roi(levels, roi)
    for _ in range(3):
        points, _ = run_network(network, crop)
        to_image = roi.to_image()
        roi = roi_from_landmarks(points[:, :2] @ to_image[:, :2].T + to_image[:, 2])
        crop = crop_roi(levels, roi)
    mirrored, _ = run_network(network, crop[:, ::-1])
    return run_network(network, crop)[0], mirrored * [-1, 1, 1] + [SIDE, 0, 0]


def rotation_between(shape: Array, posed: Array) -> Array:
    """R that minimises |posed - shape R^T| (both centred)."""
    u, _, vt = np.linalg.svd(posed.T @ shape)
    return u @ np.diag([1, 1, np.linalg.det(u @ vt)]) @ vt


def mean_shape(shapes: Array, mirror: Array) -> Array:
    """Generalised Procrustes mean, symmetric about x = 0, upright, of unit norm."""
    mean = shapes[0]
    for _ in range(30):
        mean = np.mean([s @ rotation_between(s, mean).T for s in shapes], axis=0)
        reflected = mean[mirror] * [-1, 1, 1]
        mean = (mean + reflected @ rotation_between(reflected, mean).T) / 2
        mean /= np.linalg.norm(mean)
    across = np.linalg.svd(mean - mean[mirror])[2][0]
    across = across * np.sign(across[0])
    forward = np.array([0, 0, 1.0]) - across * across[2]
    forward /= np.linalg.norm(forward)
    upright = mean @ np.stack([across, np.cross(forward, across), forward]).T
    return (upright + upright[mirror] * [-1, 1, 1]) / 2


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=Path("src/twinbrush/faces/face_model.json"))
    arguments = parser.parse_args()
    paths = sorted((arguments.data / "heads").glob("*.png")) + sorted((arguments.data / "photos").glob("*.jpg"))
    plain, mirrored = (np.array(part) for part in zip(*(answers(p) for p in paths), strict=True))
    cost = sum(np.linalg.norm(a[:, None] - b[None], axis=-1) for a, b in zip(plain, mirrored, strict=True))
    _, mirror = linear_sum_assignment(np.asarray(cost))
    if not (mirror[mirror] == np.arange(468)).all():
        raise SystemExit("the mirror table is no involution: use more faces")
    shapes = (plain + mirrored[:, mirror]) / 2 * [1, -1, -1]
    shapes -= shapes.mean(axis=1, keepdims=True)
    shapes /= np.linalg.norm(shapes, axis=(1, 2), keepdims=True)
    mean = mean_shape(shapes, mirror)
    level = [s for p, s in zip(paths, shapes, strict=True) if p.stem.endswith("pitch0")]
    pitch = float(np.median([angles_from_rotation(rotation_between(mean - mean.mean(axis=0), s))[1] for s in level]))
    c, s = np.cos(pitch), np.sin(pitch)
    mean = mean @ np.array([[1, 0, 0], [0, c, s], [0, -s, c]]).T
    mean = (mean - np.mean(eye_centres(mean), axis=0)) * INTERPUPILLARY_MM / interocular(mean)
    about = "468 face mesh points, written by benchmarks/make_face_model.py"
    arguments.out.write_text(
        json.dumps({"about": about, "mean_mm": mean.round(3).tolist(), "mirror": mirror.tolist()}), "utf-8")
    print(f"{len(paths)} faces, pitch zero moved by {np.degrees(pitch):.2f} degrees")


if __name__ == "__main__":
    main()
