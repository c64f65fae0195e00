"""Trains the head prior: from the 468 observed landmarks to a whole head.

    python training/train_head_prior.py sample KIT/FaceXModel OUT.npz --count 5000 --seed 1
    python training/train_head_prior.py fit OUT.npz [MORE.npz ...] --out src/twinbrush/portrait/head_prior.safetensors
    python training/train_head_prior.py doubt HELD_OUT.npz --weights src/twinbrush/portrait/head_prior.safetensors

KIT: ICT-FaceKit (https://github.com/ICT-VGL/ICT-FaceKit, MIT licence). See HEAD_MODEL_CARD.md. `sample` draws random
heads, takes their pictures, finds the landmarks in them as the program does, and keeps both; it needs
fast-simplification. `fit` learns; `doubt` adds to the weights how far heads lie from their prediction, measured on
samples that were not learned from.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np
from head_kit import SKIN_VERTICES, Kit, Template, attach, load_kit, make_template, region_labels
from head_pictures import SIZE, Paint, Shot, known, make_paint, random_expression, shoot
from safetensors.numpy import load_file, save

from twinbrush.camera import INTERPUPILLARY_MM
from twinbrush.config import FaceConfig, PortraitConfig
from twinbrush.errors import TwinbrushError
from twinbrush.faces import indices
from twinbrush.faces.face import find_face, make_face
from twinbrush.faces.face_model import mirror_indices
from twinbrush.faces.landmarks import Fit
from twinbrush.faces.values import Face
from twinbrush.files import write_atomically
from twinbrush.portrait.geometry import eye_centres as corner_middles
from twinbrush.portrait.geometry import make_frame
from twinbrush.portrait.head_prior import observe, predict_head, read_prior
from twinbrush.rasterize import rasterize

Array = np.ndarray
INPUTS, COMPONENTS, RIDGE = 400, 50, 0.003  # measured best of 40-400 inputs; a neural network gained nothing
FEATHER_MM = 14.0
JUDGED = 80  # components by which a face is called odd
BEHIND = 0.6  # weight of skull, ears and neck beside the face in the choice of components
HITS_YAW_DEGREES = 15.0  # the landmarks' places on the skin are learned from faces turned no farther than this


def landmark_places(shot: Shot, face: Face, kit: Kit, paint: Paint) -> Array:
    """Where on the NEUTRAL head the landmarks' rays meet the skin (468, 3); NaN where they miss it."""
    skin = paint.triangles[(paint.triangles < SKIN_VERTICES).all(1)]
    pixels = shot.principal_xy + shot.focal_px * shot.vertices[:, :2] * [1, -1] / -shot.vertices[:, 2:]
    raster = rasterize(pixels, -shot.vertices[:, 2], skin, SIZE, SIZE)
    at = np.clip(np.round(face.landmarks[:, :2]).astype(int), 0, SIZE - 1)
    number, weight = raster.face_index[at[:, 1], at[:, 0]], raster.barycentric[at[:, 1], at[:, 0]]
    places = (kit.neutral[skin[number]] * weight[..., None]).sum(1)
    return np.where((number >= 0)[:, None], places, np.nan)


def sample(kit: Kit, template: Template, count: int, seed: int) -> dict[str, Array]:
    """Draw `count` usable pictures."""
    paint = make_paint(kit)
    rng = np.random.default_rng(seed)
    rows: dict[str, list[Array]] = {name: [] for name in ("landmarks", "heads", "camera", "places")}
    limits = PortraitConfig(min_face_px=0.0, max_yaw_degrees=60.0)
    while len(rows["heads"]) < count:
        identity = rng.standard_normal(len(kit.identities))
        head = kit.head(identity, known(kit, random_expression(rng)))
        shot = shoot(head, paint, rng)
        try:
            face = find_face(shot.picture, FaceConfig(), where="sample", portrait=limits)
        except TwinbrushError:  # too dark, turned too far...: as in life
            continue
        frontal = abs(np.degrees(face.yaw_radians)) < HITS_YAW_DEGREES
        rows["landmarks"].append(face.landmarks.astype(np.float32))
        rows["heads"].append(template.of(shot.vertices).astype(np.float32))
        rows["camera"].append(np.array([shot.focal_px, *shot.principal_xy]))
        rows["places"].append((landmark_places(shot, face, kit, paint) if frontal else np.full((468, 3), np.nan))
                              .astype(np.float32))
    return {name: np.stack(values) for name, values in rows.items()} | {
        "neutral": template.of(kit.neutral), "faces": template.faces, "mirror": template.mirror}


def observations(landmarks: Array, heads: Array, cameras: Array, places: tuple[Array, Array]) -> tuple[Array, Array]:
    """What the program will see (n, 468, 3), and the true heads (n, v, 3) in the same upright frame and scale."""
    seen, truth = np.empty((len(heads), 468, 3), np.float32), np.empty(heads.shape, np.float32)
    corners, weights = places
    for number, (points, head, (focal, *principal)) in enumerate(zip(landmarks, heads, cameras, strict=True)):
        frame = make_frame(make_face(Fit(points.astype(float), 1.0, 0.0), 1.0), SIZE, SIZE)
        seen[number], rotation = observe(frame)
        eyes = np.mean(corner_middles((head[corners].astype(float) * weights[..., None]).sum(1)), axis=0)
        distance, axis = -eyes[2], frame.camera.intrinsics[:2, 2] - principal
        origin = np.array([axis[0] * distance / focal, -axis[1] * distance / focal, eyes[2]])
        truth[number] = focal / (distance * frame.pixels_per_mm) * (head - origin) @ rotation
    return seen, truth


def fit(paths: list[Path]) -> dict[str, Array]:
    """The weights, fitted to samples and their mirror images, one file at a time."""
    flip = np.array([-1, 1, 1], np.float32)
    first = dict(np.load(paths[0]))
    hits = first["places"]
    symmetric = np.concatenate([hits, hits[:, mirror_indices()] * flip])
    corners, weights = attach(np.nanmedian(symmetric, axis=0), first["neutral"], first["faces"])
    outline = (first["neutral"][corners] * weights[..., None]).sum(1)[list(indices.OVAL), :2]
    labels = region_labels(first["neutral"], first["faces"], outline)
    seen, truth = observations(first["landmarks"], first["heads"], first["camera"], (corners, weights))
    seen_mean, mean = seen.mean(0, dtype=np.float64), truth.mean(0, dtype=np.float64)
    seen_mean = (seen_mean + seen_mean[mirror_indices()] * flip) / 2
    mean = (mean + mean[first["mirror"]] * flip) / 2
    seen_mean *= INTERPUPILLARY_MM / np.linalg.norm(np.subtract(*corner_middles(seen_mean)))
    importance = np.where(labels == 0, 1.0, BEHIND)
    importance = np.repeat(importance, 3).astype(np.float32)

    def centred(landmarks: Array, heads: Array, mirrored: bool) -> tuple[Array, Array]:
        if mirrored:
            landmarks, heads = landmarks[:, mirror_indices()] * flip, heads[:, first["mirror"]] * flip
        flat = (heads - mean.astype(np.float32)).reshape(len(heads), -1) * importance
        return (landmarks - seen_mean).reshape(len(heads), -1), flat

    both = [centred(seen, truth, mirrored)[1] for mirrored in (False, True)]
    basis = principal_axes(np.concatenate(both), COMPONENTS)
    square, cross, count = np.zeros((1404, 1404)), np.zeros((1404, COMPONENTS)), 0
    for path in paths:
        rows = np.load(path)
        seen, truth = observations(rows["landmarks"], rows["heads"], rows["camera"], (corners, weights))
        for mirrored in (False, True):
            inputs, wanted = centred(seen, truth, mirrored)
            square += inputs.T @ inputs
            cross += inputs.T @ (wanted @ basis)
            count += len(inputs)
    variances, axes = np.linalg.eigh(square / count)
    whitening = (axes[:, ::-1] / np.sqrt(np.maximum(variances[::-1], 1e-9)))[:, :INPUTS]
    regression = whitening @ (whitening.T @ cross / count / (1 + RIDGE))
    unit = np.abs(basis).max(0)  # fp16 likes numbers near 1
    half, single = np.float16, np.float32
    return {
        "observed_mean": seen_mean.astype(single), "whitening": whitening[:, :JUDGED].astype(single),
        "regression": (regression * unit).astype(single), "mean": mean.astype(single),
        "basis": (basis / importance[:, None] / unit).reshape(-1, 3, COMPONENTS).astype(half),
        "faces": first["faces"].astype(np.uint16), "labels": labels,
        "mirror": first["mirror"].astype(np.uint16), "landmark_corners": corners.astype(np.uint16),
        "landmark_weights": weights.astype(half), "smooth": smooth_landmarks(seen_mean),
    }


def doubt(weights: dict[str, Array], rows: dict[str, Array]) -> Array:
    """Covariance (m, m) of the true coefficients less the predicted ones, the head's size and place being fitted to the
    landmarks as in use."""
    prior = read_prior(save({**weights, "doubt": np.eye(weights["basis"].shape[2], dtype=np.float32)}))
    _, truth = observations(rows["landmarks"], rows["heads"], rows["camera"],
                            (prior.landmark_corners, prior.landmark_weights))
    inverse = np.linalg.pinv(prior.basis.reshape(-1, prior.basis.shape[2]))
    off = []
    for points, head in zip(rows["landmarks"], truth, strict=True):
        frame = make_frame(make_face(Fit(points.astype(float), 1.0, 0.0), 1.0), SIZE, SIZE)
        found = predict_head(frame, prior).vertices @ observe(frame)[1]
        off.append(inverse @ (head - found).reshape(-1))
    return np.cov(np.array(off).T)


def principal_axes(rows: Array, count: int) -> Array:
    """The leading principal axes (d, count) of centred rows (n, d), n < d."""
    values, vectors = np.linalg.eigh((rows @ rows.T).astype(np.float64))
    return rows.T @ (vectors[:, ::-1][:, :count] / np.sqrt(values[::-1][:count])).astype(np.float32)


def smooth_landmarks(points: Array) -> Array:
    """0 on nose, lips and eyes, 1 farther than FEATHER_MM from them: on plain skin the network's points slide, features
    keep their own depth."""
    across, up = np.abs(points[:, 0]), points[:, 1]
    nearest = np.full(len(points), np.inf)
    for reach, low, high in ((24, -58, 14), (34, -92, -50), (56, -16, 16)):  # boxes of nose, lips, eyes
        beside, above = np.maximum(across - reach, 0), np.maximum(np.maximum(low - up, up - high), 0)
        nearest = np.minimum(nearest, np.hypot(beside, above))
    return np.clip(nearest / FEATHER_MM, 0, 1).astype(np.float16)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("sample")
    one.add_argument("kit", type=Path)
    one.add_argument("out", type=Path)
    one.add_argument("--count", type=int, default=5000)
    one.add_argument("--seed", type=int, default=1)
    two = commands.add_parser("fit")
    two.add_argument("samples", type=Path, nargs="+")
    two.add_argument("--out", type=Path, default=Path("src/twinbrush/portrait/head_prior.safetensors"))
    three = commands.add_parser("doubt")
    three.add_argument("samples", type=Path)
    three.add_argument("--weights", type=Path, default=Path("src/twinbrush/portrait/head_prior.safetensors"))
    arguments = parser.parse_args()
    if arguments.command == "sample":
        kit = load_kit(arguments.kit)
        np.savez(arguments.out, **sample(kit, make_template(kit), arguments.count, arguments.seed))
        return
    if arguments.command == "doubt":
        weights = {k: v for k, v in load_file(arguments.weights).items() if k != "doubt"}
        weights["doubt"] = doubt(weights, dict(np.load(arguments.samples))).astype(np.float32)
        write(weights, arguments.weights)
        return
    write(fit(arguments.samples), arguments.out)


def write(weights: dict[str, Array], out: Path) -> None:
    """The weights' file; its hash goes into head_prior.py."""
    data = save({name: np.ascontiguousarray(values) for name, values in weights.items()})
    write_atomically(out, data)
    print(f"{out}: {len(data) / 1e6:.2f} MB, sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
