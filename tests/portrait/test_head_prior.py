"""The head prior's laws: mean in, mean out; mirrored in, mirrored out; turned in, turned out; odd faces are doubted."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree
from tests.portrait.faces import aligned, need_models

from twinbrush.config import FaceConfig
from twinbrush.errors import ModelFileError
from twinbrush.faces import indices
from twinbrush.faces.face import find_face
from twinbrush.faces.face_model import mean_face, mirror_indices
from twinbrush.faces.pose import rotation_from_angles
from twinbrush.faces.values import Face
from twinbrush.image import load_image
from twinbrush.maths.filters import polygon_mask
from twinbrush.portrait.face_prior import DOUBT, informed
from twinbrush.portrait.geometry import Frame, make_frame
from twinbrush.portrait.head_prior import (
    EAR,
    FACE,
    NECK,
    SKULL,
    WEIGHTS_FILE,
    WEIGHTS_SHA256,
    HeadPrior,
    head_prior,
    observe,
    predict_head,
    read_prior,
    regress,
)

FLIP = np.array([-1.0, 1.0, 1.0])


def _frame(points_xyz: np.ndarray) -> Frame:
    """A frame in which the landmarks lie at these places (world mm)."""
    flat = points_xyz * [1, -1, -1] + [300.0, 260.0, 0.0]
    face = Face(flat, np.eye(3), 0.0, 0.0, 0.0, 1.0, (0.0, 0.0, 1.0, 1.0))
    frame = make_frame(face, 600, 600)
    return Frame(frame.camera, frame.distance_mm, frame.pixels_per_mm, points_xyz)


def _someone(seed: int, size: float = 0.7) -> np.ndarray:
    """Upright landmarks of a person as the prior knows them."""
    prior, rng = head_prior(), np.random.default_rng(seed)
    back = np.linalg.pinv(prior.whitening)
    return prior.observed_mean + (size * rng.standard_normal(len(back)) @ back).reshape(468, 3)


def test_the_weights_hash_is_checked() -> None:
    data = files("twinbrush.portrait").joinpath(WEIGHTS_FILE).read_bytes()
    assert len(data) <= 3_000_000
    assert len(read_prior(data, WEIGHTS_SHA256).mean) > 4000
    with pytest.raises(ModelFileError, match="sha256"):
        read_prior(data[:-1] + bytes([data[-1] ^ 1]), WEIGHTS_SHA256)


@pytest.mark.parametrize("angles", [(0.0, 0.0, 0.0), (0.5, -0.2, 0.1), (-0.4, 0.3, -0.2)])
def test_the_posed_mean_gives_the_posed_mean_head(angles: tuple[float, float, float]) -> None:
    prior, rotation = head_prior(), rotation_from_angles(*angles)
    head = predict_head(_frame(prior.observed_mean @ rotation.T))
    np.testing.assert_allclose(head.vertices, prior.mean @ rotation.T, atol=0.1)
    assert head.trust == 1.0


def test_mirrored_landmarks_give_the_mirrored_head() -> None:
    prior, person = head_prior(), _someone(3)
    plain, odd = regress(prior, person)
    mirrored, other = regress(prior, person[mirror_indices()] * FLIP)
    np.testing.assert_allclose(mirrored, plain[prior.mirror] * FLIP, atol=1e-9)
    assert odd == pytest.approx(other)
    assert np.abs(plain - prior.mean).max() > 2.0, "a person is not the mean"
    assert np.abs(plain[prior.mirror] * FLIP - plain).max() > 0.01, "nor quite symmetric"


def test_the_head_is_closed_but_for_the_neck() -> None:
    prior = head_prior()
    edges = np.sort(np.concatenate([prior.faces[:, [0, 1]], prior.faces[:, [1, 2]], prior.faces[:, [2, 0]]]), axis=1)
    unique, counts = np.unique(edges, axis=0, return_counts=True)
    assert set(counts) == {1, 2}
    rim = np.unique(unique[counts == 1])
    assert set(prior.labels[rim]) == {NECK}
    assert prior.mean[rim, 1].max() < -130
    assert set(prior.labels) == {FACE, SKULL, EAR, NECK}
    a, b, c = (prior.mean[prior.faces[:, k]] for k in range(3))
    assert (np.cross(b - a, c - a) * (a - prior.mean.mean(0))).sum() > 0, "faces look outward"


def test_the_mirror_table_is_the_means_own_symmetry() -> None:
    prior = head_prior()
    assert (prior.mirror[prior.mirror] == np.arange(len(prior.mean))).all()
    np.testing.assert_allclose(prior.mean[prior.mirror] * FLIP, prior.mean, atol=0.01)


def test_landmarks_lie_on_the_head_near_where_they_were_seen() -> None:
    prior = head_prior()
    away = np.linalg.norm((prior.landmarks(prior.mean) - prior.observed_mean)[:, :2], axis=1)
    assert np.median(away) < 1.5
    assert np.abs(prior.landmarks(prior.mean)[:, 0] + prior.landmarks(prior.mean)[mirror_indices(), 0]).max() < 1.5


def test_the_informed_frame_has_the_heads_depth_on_the_landmarks_own_rays() -> None:
    frame = _frame(_someone(5))
    pixels = frame.camera.intrinsics[0, 0] * frame.landmarks_xyz[:, :2] * [1, -1]
    pixels = pixels / (frame.distance_mm - frame.landmarks_xyz[:, 2:]) + frame.camera.intrinsics[:2, 2]
    head = predict_head(frame)
    result, warnings = informed(frame, pixels, head)
    assert warnings == ()
    before = np.abs(frame.landmarks_xyz[:, 2] - head.landmarks_xyz[:, 2]).mean()
    after = np.abs(result.landmarks_xyz[:, 2] - head.landmarks_xyz[:, 2]).mean()
    assert before > 1.0
    assert after < 0.6 * before
    np.testing.assert_allclose(result.lift(pixels, result.landmarks_xyz[:, 2]), result.landmarks_xyz, atol=1e-9)


def test_a_face_unlike_a_photos_is_doubted_and_said_so() -> None:
    odd = mean_face() + 6 * np.random.default_rng(0).standard_normal((468, 3))
    frame = _frame(odd)
    head = predict_head(frame)
    assert head.trust < 0.5
    result, warnings = informed(frame, np.full((468, 2), 300.0), head)
    assert warnings == (DOUBT,)
    assert np.abs(result.landmarks_xyz[:, 2] - odd[:, 2]).mean() < np.abs(head.landmarks_xyz[:, 2] - odd[:, 2]).mean()


def test_observe_turns_the_head_upright() -> None:
    rotation = rotation_from_angles(0.4, 0.1, -0.3)
    upright, found = observe(_frame(mean_face() @ rotation.T))
    np.testing.assert_allclose(found, rotation, atol=1e-9)
    np.testing.assert_allclose(upright, mean_face(), atol=1e-9)


def test_a_wider_face_gives_a_wider_head() -> None:
    """The prior sees identity: it is not the mean for everybody."""
    prior: HeadPrior = head_prior()
    axis = np.linalg.pinv(prior.whitening)[0].reshape(468, 3)
    one, _ = regress(prior, prior.observed_mean + 1.5 * axis)
    other, _ = regress(prior, prior.observed_mean - 1.5 * axis)
    assert np.abs(one - other).mean() > 1.0


@pytest.mark.parametrize("name", ["head1_yaw20_pitch0", "head2_yaw0_pitch0"])
def test_heads_with_known_geometry(name: str, shared_data: Path) -> None:
    """Nearer to the truth than the mean head, face and whole head (benchmarks/portrait_error.py has the table)."""
    need_models()
    picture = load_image(shared_data / "heads" / f"{name}.png").pixels
    with np.load(shared_data / "heads" / f"{name}.npz") as file:
        truth = {key: file[key] for key in file}
    face = find_face(picture, FaceConfig(), where=name)
    frame = make_frame(face, picture.shape[1], picture.shape[0])
    vertices, prior = truth["vertices_mm"] * [1.0, -1.0, 1.0], head_prior()
    inside = polygon_mask(picture.shape[:2], face.landmarks[list(indices.OVAL), :2])
    at = np.clip(np.round(truth["pixels_xy"]).astype(int), 0, 639)
    front = truth["visible"] & truth["face_region"] & inside[at[:, 1], at[:, 0]]
    above = truth["pixels_xy"][:, 1] < face.landmarks[indices.CHIN, 1]
    errors: list[tuple[float, float]] = []
    for head in (predict_head(frame).vertices, prior.mean @ observe(frame)[1].T):
        depth = head[(prior.labels == FACE)]
        guess = frame.lift(truth["pixels_xy"][front].astype(float), np.full(front.sum(), depth[:, 2].mean()))
        guess = depth[cKDTree(depth[:, :2]).query(guess[:, :2])[1]]
        dense = np.concatenate([head, head[prior.faces].mean(1)])
        moved = aligned(dense, vertices[front], guess)
        distance, _ = cKDTree(moved).query(vertices)
        errors.append((float(distance[front].mean()), float(distance[above].mean())))
    (face_error, head_error), (mean_face_error, mean_head_error) = errors
    assert face_error < min(2.2, 0.95 * mean_face_error)
    assert head_error < min(4.5, 0.95 * mean_head_error)
