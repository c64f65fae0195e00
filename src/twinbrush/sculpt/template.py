"""The packed template head and how it is unpacked (training/TEMPLATE_MODEL_CARD.md)."""

from __future__ import annotations

import hashlib
import zlib
from importlib.resources import files

import numpy as np
from jaxtyping import Float, Int

from twinbrush.base.beside import once
from twinbrush.base.errors import ModelFileError
from twinbrush.sculpt.values import Expressions, MouthParts, Regression, Template, TextureLayout

WEIGHTS_FILE = "template.safetensors"
WEIGHTS_SHA256 = "482ee2d92a1916317d9fa272deea6c29e4757d4066b624761683197c8b081551"
POSITION_STEP_MM, EXPRESSION_STEP_MM = 0.008, 0.008  # of the whole numbers that positions are kept in
FLIP = np.array([-1.0, 1.0, 1.0], np.float32)


@once
def template() -> Template:
    """The packaged template. Raises ModelFileError when the installation is damaged."""
    return read_template(files("twinbrush.sculpt").joinpath(WEIGHTS_FILE).read_bytes(), WEIGHTS_SHA256)


def read_template(data: bytes, sha256: str | None = None) -> Template:
    """The template in a safetensors file's bytes. Raises ModelFileError when their hash is another (if given)."""
    from safetensors.numpy import load

    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise ModelFileError(f"{WEIGHTS_FILE}: wrong sha256.", "The installation is damaged: reinstall twinbrush.")
    stored = load(data)
    mirror = stored["mirror"].astype(np.int64)
    quads = stored["quads"].astype(np.int64)
    order = np.argsort(stored["eyes_mean"][:, 0])  # left in the picture first
    return Template(
        mean=stored["mean"] * POSITION_STEP_MM,
        modes=_modes(stored, mirror),
        symmetric=int(stored["symmetric"][0]),
        mirror=mirror,
        quads=quads,
        triangles=triangles_of(quads),
        labels=stored["labels"],
        layout=_layout(stored, ""),
        landmark_corners=stored["landmark_corners"].astype(np.int64),
        landmark_weights=stored["landmark_weights"].astype(np.float64),
        eyes_mean=stored["eyes_mean"][order].astype(np.float64),
        eyes_modes=stored["eyes_modes"][:, order].astype(np.float64),
        mouth=MouthParts(
            stored["mouth_mean"] * POSITION_STEP_MM, stored["mouth_modes"].astype(np.float64),
            stored["mouth_jaw"] / 255.0, stored["mouth_labels"], _layout(stored, "mouth_"),
        ),
        expressions=_expressions(stored, mirror),
        regression=Regression(
            *(stored[name].astype(np.float64) for name in (
                "observed_mean", "regression", "regression_mean", "doubt", "landmark_offset", "landmark_sigma")),
        ),
    )  # fmt: skip


def triangles_of(quads: Int[np.ndarray, "q 4"]) -> Int[np.ndarray, "t 3"]:
    """The triangles of quads, of which some repeat their last corner."""
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    a, b, c = triangles.T
    return triangles[(a != b) & (b != c) & (c != a)]


def unsqueezed(packed: np.ndarray, dtype: str, *shape: int) -> np.ndarray:
    """The whole numbers that zlib's bytes hold, bytes of one significance together."""
    raw = np.frombuffer(zlib.decompress(packed.tobytes()), np.uint8)
    size = np.dtype(dtype).itemsize
    return np.ascontiguousarray(raw.reshape(size, -1).T).view(dtype).reshape(*shape)


def _layout(stored: dict[str, np.ndarray], prefix: str) -> TextureLayout:
    return TextureLayout(
        stored[f"{prefix}uv"] / 65535.0,
        stored[f"{prefix}uv_origin"].astype(np.int64),
        unsqueezed(stored[f"{prefix}uv_triangles"], "<u2", -1, 3).astype(np.int64),
    )


def _modes(stored: dict[str, np.ndarray], mirror: Int[np.ndarray, "n"]) -> Float[np.ndarray, "k n 3"]:
    """Half heads -> whole heads: symmetric modes repeat, antisymmetric ones change sign."""
    half, step = stored["half"].astype(np.int64), stored["modes_step"]
    fine = unsqueezed(stored["modes_fine"], "<i2", -1, len(half), 3).astype(np.float32)
    coarse = unsqueezed(stored["modes_coarse"], "<i1", -1, len(half), 3).astype(np.float32)
    halves = np.concatenate([fine, coarse]) * step[:, None, None]
    symmetric = int(stored["symmetric"][0])
    sign = np.where(np.arange(len(halves)) < symmetric, 1, -1).astype(np.float32)
    out = np.empty((len(halves), len(mirror), 3), np.float32)
    out[:, mirror[half]] = halves * FLIP * sign[:, None, None]
    out[:, half] = halves
    return out


def _expressions(stored: dict[str, np.ndarray], mirror: Int[np.ndarray, "n"]) -> Expressions:
    pairs = [line.split() for line in stored["expression_names"].tobytes().decode().split("\n")]
    names = [name for name, _ in pairs]
    vertices = unsqueezed(stored["expression_vertices"], "<u2", -1).astype(np.int64)
    moves = unsqueezed(stored["expression_offsets"], "<i2", -1, 3).astype(np.float32) * np.float32(EXPRESSION_STEP_MM)
    offsets = np.zeros((len(names), len(mirror), 3), np.float32)
    kept = [(i, twin) for i, (name, twin) in enumerate(pairs) if name <= twin]
    start = 0
    for (number, twin), end in zip(kept, stored["expression_ends"].tolist(), strict=True):
        offsets[number, vertices[start:end]] = moves[start:end]
        if twin != names[number]:
            offsets[names.index(twin)] = offsets[number][mirror] * FLIP
        start = end
    twins = np.array([names.index(twin) for _, twin in pairs])
    return Expressions(tuple(names), twins, offsets, stored["expression_mouth"].astype(np.float64))
