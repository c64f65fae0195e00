"""The head prior: from the 468 observed landmarks to a whole head (face, skull, ears, neck) on a mesh of our own.

The landmark network sees a face's outline and features well and its depth badly; who has such features also has, on
average, such a nose, such cheeks, such a skull. The prior is that average: a linear regression (ridge) from the
landmarks, turned upright and 63 mm between the eyes, to the coefficients of a principal component basis of heads.
Learned from synthetic heads (training/train_head_prior.py, training/HEAD_MODEL_CARD.md).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from scipy import sparse
from scipy.sparse import csgraph
from scipy.sparse.linalg import splu

from twinbrush.camera import project
from twinbrush.errors import ModelFileError
from twinbrush.faces.face_model import mean_face, mirror_indices
from twinbrush.faces.pose import RIGID
from twinbrush.mesh import vertex_normals
from twinbrush.portrait.geometry import Frame
from twinbrush.portrait.values import HeadShape

WEIGHTS_FILE = "head_prior.safetensors"
WEIGHTS_SHA256 = "478ef828e9d2ca69c1f7009ed025a3ece7a3913ef83c70fbbd045bba08a63b58"
FACE, SKULL, EAR, NECK = 0, 1, 2, 3  # labels of the head's vertices
ODD = 4.0  # mean squared deviation from a face as seen in training (there: median 0.8, 99% below 3.5; photos: 0.9-2.0)


@dataclass(frozen=True)
class HeadPrior:
    """The weights. observed_mean (468, 3); whitening (1404, k): landmarks -> their k leading uncorrelated numbers of
    variance 1; regression (1404, m): landmarks -> coefficients; mean (v, 3), basis (v, 3, m): coefficients -> head, mm.
    landmark_corners, landmark_weights (468, 3): the landmarks on the head. smooth (468,): 1 for landmarks on plain
    skin, 0 on features. mirror (v,): each vertex' partner on the other side. doubt (m, m): covariance of what heads'
    coefficients are off from their prediction."""

    observed_mean: Float[np.ndarray, "468 3"]
    whitening: Float[np.ndarray, "1404 k"]
    regression: Float[np.ndarray, "1404 m"]
    mean: Float[np.ndarray, "v 3"]
    basis: Float[np.ndarray, "v 3 m"]
    faces: Int[np.ndarray, "f 3"]
    labels: UInt8[np.ndarray, "v"]
    mirror: Int[np.ndarray, "v"]
    landmark_corners: Int[np.ndarray, "468 3"]
    landmark_weights: Float[np.ndarray, "468 3"]
    smooth: Float[np.ndarray, "468"]
    doubt: Float[np.ndarray, "m m"]

    def landmarks(self, vertices: Float[np.ndarray, "v 3"]) -> Float[np.ndarray, "468 3"]:
        """The landmarks on a head, or any other attribute of its vertices there."""
        return (vertices[self.landmark_corners] * self.landmark_weights[..., None]).sum(1)


@lru_cache(maxsize=1)
def head_prior() -> HeadPrior:
    """The packaged weights. Raises ModelFileError when the installation is damaged."""
    return read_prior(files("twinbrush.portrait").joinpath(WEIGHTS_FILE).read_bytes(), WEIGHTS_SHA256)


def read_prior(data: bytes, sha256: str | None = None) -> HeadPrior:
    """The weights in a safetensors file's bytes. Raises ModelFileError when their hash is another (if one is given)."""
    from safetensors.numpy import load

    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise ModelFileError(f"{WEIGHTS_FILE}: wrong sha256.", "The installation is damaged: reinstall twinbrush.")
    tensors = load(data)
    whole = ("faces", "mirror", "landmark_corners")
    parts = {name: values.astype(np.int64 if name in whole else np.float64) for name, values in tensors.items()}
    return HeadPrior(**{**parts, "labels": tensors["labels"]})


def observe(frame: Frame) -> tuple[Float[np.ndarray, "468 3"], Float[np.ndarray, "3 3"]]:
    """The frame's landmarks turned upright (mm, origin between the eyes), and the head-to-world rotation that they were
    turned back by: Procrustes (Kabsch 1976) on the points that hardly move with expression."""
    posed, straight = frame.landmarks_xyz[list(RIGID)], mean_face()[list(RIGID)]
    u, _, vt = np.linalg.svd((posed - posed.mean(axis=0)).T @ (straight - straight.mean(axis=0)))
    rotation = u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt
    return frame.landmarks_xyz @ rotation, rotation


def regress(prior: HeadPrior, observed: Float[np.ndarray, "468 3"]) -> tuple[Float[np.ndarray, "v 3"], float]:
    """The head (mm, upright) that belongs to upright landmarks, and how odd they are (mean squared deviation; 1 is
    ordinary). The mirror image of the landmarks gives the mirror image of the head."""
    flip = np.array([-1.0, 1.0, 1.0])
    plain, odd = _regress_once(prior, observed)
    other, other_odd = _regress_once(prior, observed[mirror_indices()] * flip)
    return (plain + other[prior.mirror] * flip) / 2, (odd + other_odd) / 2


def _regress_once(prior: HeadPrior, observed: Float[np.ndarray, "468 3"]) -> tuple[Float[np.ndarray, "v 3"], float]:
    deviations = (observed - prior.observed_mean).reshape(-1)
    odd = float(((deviations @ prior.whitening) ** 2).mean())
    return prior.mean + prior.basis @ (deviations @ prior.regression), odd


def predict_head(frame: Frame, prior: HeadPrior | None = None) -> HeadShape:
    """The head whose face was seen, in the photo's frame (world mm; see `make_frame`). prior: None for the packaged.
    Raises ModelFileError."""
    prior = head_prior() if prior is None else prior
    observed, rotation = observe(frame)
    upright, odd = regress(prior, observed)
    vertices = _as_seen(upright @ rotation.T, rotation, prior, frame)
    nothing = np.zeros((468, 3))
    trust = float(min(1.0, ODD / max(odd, 1e-9)))
    head = HeadShape(vertices, prior.faces, prior.labels, nothing, nothing, prior.smooth, trust)
    return with_vertices(head, vertices, prior)


def with_vertices(head: HeadShape, vertices: Float[np.ndarray, "v 3"], prior: HeadPrior) -> HeadShape:
    """The head with its vertices elsewhere, and its landmarks with them."""
    normals = prior.landmarks(vertex_normals(vertices, head.faces))
    normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    return replace(head, vertices=vertices, landmarks_xyz=prior.landmarks(vertices), landmark_normals=normals)


def _as_seen(
    vertices: Float[np.ndarray, "v 3"], rotation: Float[np.ndarray, "3 3"], prior: HeadPrior, frame: Frame
) -> Float[np.ndarray, "v 3"]:
    """The head made larger or smaller, and moved across the line of sight, so that its landmarks lie in the picture
    where they were found (least squares). A regression draws toward the mean: what is seen exactly need not be."""
    network = (prior.observed_mean - prior.landmarks(prior.mean)) @ rotation.T  # where it sees them beside the surface
    wanted, _ = project(frame.camera, frame.landmarks_xyz)
    for _ in range(3):  # moved sideways, it is seen from a slightly different side
        found, _ = project(frame.camera, prior.landmarks(vertices) + network)
        off = found - found.mean(0)
        vertices = vertices * float((off * (wanted - wanted.mean(0))).sum() / (off**2).sum())
        found, _ = project(frame.camera, prior.landmarks(vertices) + network)
        vertices = vertices + np.append((wanted - found).mean(0) / frame.pixels_per_mm * (1, -1), 0.0)
    return vertices


def ears(head: HeadShape) -> list[Int[np.ndarray, "n"]]:
    """The vertices of each ear."""
    members = np.flatnonzero(head.labels == EAR)
    number, part = csgraph.connected_components(_neighbours(head)[members][:, members], directed=False)
    return [members[part == k] for k in range(number)]


def laid_flat(head: HeadShape, chosen: Bool[np.ndarray, "v"]) -> HeadShape:
    """The head with a membrane (uniform Laplacian) in place of the `chosen` vertices: ears that do not stick out."""
    if not chosen.any():
        return head
    graph = _neighbours(head)
    laplacian = sparse.csr_matrix(sparse.diags(np.asarray(graph.sum(1)).ravel()) - graph)[chosen]
    vertices = head.vertices.copy()
    vertices[chosen] = splu(laplacian[:, chosen].tocsc()).solve(-(laplacian[:, ~chosen] @ vertices[~chosen]))
    return replace(head, vertices=vertices)


def _neighbours(head: HeadShape) -> sparse.csr_matrix:
    edges = head.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    edges = np.unique(np.sort(edges, axis=1), axis=0)
    both = np.concatenate([edges, edges[:, ::-1]])
    count = len(head.vertices)
    return sparse.csr_matrix((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(count, count))
