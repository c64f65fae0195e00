"""One texture from N stylized views, in the relief's own crop plane (mesh.uv): no charts, so no seams.

Every texel's surface point is looked up in each stylized view at its exact sub-pixel place. Averaging two paintings
blurs them, so only their low frequencies are blended widely; the brushwork comes from one view at a time, with a narrow
transition. The middle view leads wherever it sees well, which keeps the transition off the face. What no view sees is
filled from the same region nearby.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32
from scipy.sparse import csr_matrix

from twinbrush.camera import project
from twinbrush.config import ReconstructConfig
from twinbrush.errors import BadMesh, BadOption
from twinbrush.mesh import Mesh, Region
from twinbrush.portrait.values import Portrait
from twinbrush.progress import Progress, Step, ignore
from twinbrush.rasterize import interpolate, rasterize
from twinbrush.reconstruct.smooth import average_over_neighbours, umbrella
from twinbrush.stylize.values import Stylization
from twinbrush.views.fill import push_pull
from twinbrush.views.values import ViewSet

BAND_TEXELS = 2_000_000  # texels worked on at a time: bounds memory
LEAD = 0.75  # another view takes over where the leading one has less than this share of its pixels per surface
NARROW, WIDE = 160.0, 20.0  # sharpness of the partition for brushwork, and for low frequencies
LOW_BAND = 0.012  # standard deviation of the low band, as a share of the view's width
GRAZING = 0.13  # pixels per surface, relative to the frontal surface, below which a view's pixels would be smeared
SCORE_ROUNDS = 120  # smoothing of the scores over the mesh: about 10 edges
FILL_SIZE = 512  # holes are filled at this resolution (they are smooth anyway)


@dataclass(frozen=True)
class BakedTexture:
    """texture (T, T, 3): float32 in [0, 1], row 0 on top (see mesh.py). metrics: numbers for the manifest."""

    texture: Float[np.ndarray, "t t 3"]
    metrics: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = field(default=())


def bake_texture(
    portrait: Portrait, stylization: Stylization, config: ReconstructConfig, *, progress: Progress = ignore
) -> BakedTexture:
    """The atlas of `config.texture_size`. Raises BadOption for a size out of range, BadMesh without uv.

    metrics: texels_seen (share of the surface's texels that a view sees), stretched (share of surface seen only at a
    grazing angle and therefore filled), texels_per_pixel (median).
    """
    size = config.texture_size
    if not 256 <= size <= 8192:
        raise BadOption(f"The texture size is {size} pixels.", "Choose 256 to 8192.")
    mesh, warped = portrait.mesh, stylization.warped
    if mesh.uv is None:
        raise BadMesh("The mesh has no texture coordinates.", "Give a mesh with uv.")
    averaging = umbrella(mesh.faces, len(mesh.vertices))
    scores, grazing = _scores(mesh, warped, averaging)
    attributes = _attributes(mesh, warped, scores, averaging)
    bands = [_Bands.of(image, cover) for image, cover in zip(stylization.images, warped.coverage, strict=True)]
    texture = np.zeros((size, size, 3), np.float32)
    seen = np.zeros((size, size), np.uint8)
    rows = max(16, BAND_TEXELS // size)
    counted = np.zeros(2)
    for start in range(0, size, rows):
        stop = min(start + rows, size)
        covered = _bake_rows(mesh, attributes, bands, size, start, texture[start:stop], seen[start:stop])
        counted += [covered, seen[start:stop].sum(dtype=np.int64) / 255]
        progress(Step("texture", stop, size))
    _fill_unseen(mesh, texture, seen)
    metrics = {
        "texels_seen": float(counted[1] / max(counted[0], 1)),
        "stretched": grazing,
        "texels_per_pixel": _density(mesh, warped, size),
    }
    return BakedTexture(np.clip(texture, 0, 1, out=texture), metrics)


@dataclass(frozen=True)
class _Bands:
    """A stylized view continued past its silhouette, and its low frequencies."""

    full: Float32[np.ndarray, "h w 3"]
    low: Float32[np.ndarray, "h w 3"]

    @classmethod
    def of(cls, image: Float[np.ndarray, "h w 3"], coverage: Bool[np.ndarray, "h w"]) -> _Bands:
        # the outermost pixels mix with what is behind them: colours are pushed outward from one pixel inside
        inside = cv2.erode(coverage.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
        full = push_pull(np.asarray(image, np.float32), inside)
        return cls(full, cv2.GaussianBlur(full, (0, 0), LOW_BAND * image.shape[1]))


def _scores(mesh: Mesh, warped: ViewSet, averaging: csr_matrix) -> tuple[Float[np.ndarray, "n v"], float]:
    """Pixels per mm2 of surface in each view, relative to the frontal surface; 0 where hidden. The grazing share."""
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    surface = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    scores = []
    for k, pixels in enumerate(warped.vertex_pixels):
        p, q, r = (pixels[mesh.faces[:, corner]] for corner in range(3))
        area = (q[:, 0] - p[:, 0]) * (r[:, 1] - p[:, 1]) - (q[:, 1] - p[:, 1]) * (r[:, 0] - p[:, 0])
        area = np.maximum(-area, 0)  # counter-clockwise from outside is clockwise with y down: negative
        density = _at_vertices(area, mesh) / np.maximum(_at_vertices(surface, mesh), 1e-9)
        density = average_over_neighbours(density[:, None], averaging, 3)[:, 0]
        # a face with a hidden corner may show what hides it
        hidden = ~warped.vertex_visible[k]
        touched = np.zeros(len(hidden), bool)
        touched[mesh.faces[hidden[mesh.faces].any(1)]] = True
        frontal = np.quantile(density[~touched], 0.9) if (~touched).any() else 1.0
        scores.append(np.where(touched, 0, density / max(float(frontal), 1e-9)))
    stacked = np.stack(scores)
    weight = _at_vertices(surface, mesh)
    grazing = float(weight[stacked.max(0) < GRAZING].sum() / weight.sum())
    return stacked, grazing


def _at_vertices(per_face: Float[np.ndarray, "f"], mesh: Mesh) -> Float[np.ndarray, "v"]:
    out = np.zeros(len(mesh.vertices))
    for k in range(3):
        out += np.bincount(mesh.faces[:, k], per_face, minlength=len(mesh.vertices))
    return out


def _partition(scores: Float[np.ndarray, "n v"], averaging: csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """Weights (n, v) of the views: narrow for brushwork, wide for low frequencies; all 0 where no view sees well."""
    lead = np.where(np.arange(len(scores)) == (len(scores) - 1) // 2, 1.0, LEAD)
    smooth = average_over_neighbours(scores.T, averaging, SCORE_ROUNDS).T * lead[:, None]
    usable = np.clip(scores / GRAZING - 1, 0, 1)  # fades to 0 as the surface turns away
    relative = np.log(np.maximum(smooth, 1e-6))
    relative = relative - relative.max(0)
    return usable * np.exp(NARROW * relative), usable * np.exp(WIDE * relative)


def _attributes(
    mesh: Mesh, warped: ViewSet, scores: Float[np.ndarray, "n v"], averaging: csr_matrix
) -> Float32[np.ndarray, "v c"]:
    """Per vertex and view: depth, depth * x, depth * y (so that interpolation is perspective-correct), two weights."""
    narrow, wide = _partition(scores, averaging)
    columns = []
    for k, camera in enumerate(warped.cameras):
        depth = project(camera, mesh.vertices)[1] / 1000
        columns += [depth, *(depth * warped.vertex_pixels[k].T), narrow[k], wide[k]]
    return np.stack(columns, 1).astype(np.float32)


def _bake_rows(
    mesh: Mesh,
    attributes: Float32[np.ndarray, "v c"],
    bands: list[_Bands],
    size: int,
    start: int,
    texture: Float32[np.ndarray, "r t 3"],
    seen: np.ndarray,
) -> int:
    """Fill some rows of the texture in place; returns the number of texels on the surface."""
    if mesh.uv is None:
        raise BadMesh("The mesh has no texture coordinates.", "Give a mesh with uv.")
    texels = np.stack([mesh.uv[:, 0] * size - 0.5, (1 - mesh.uv[:, 1]) * size - 0.5 - start], axis=1)
    raster = rasterize(texels, np.ones(len(texels)), mesh.faces, size, len(texture))
    values = interpolate(raster.face_index, raster.barycentric, mesh.faces, attributes)
    low, high = np.zeros_like(texture), np.zeros_like(texture)
    total = np.full((2, *texture.shape[:2]), 1e-9, np.float32)
    for k, band in enumerate(bands):
        depth, x, y, narrow, wide = (values[..., 5 * k + c] for c in range(5))
        depth = np.where(depth > 0, depth, 1)
        x, y = x / depth, y / depth
        blurred = cv2.remap(band.low, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        detail = cv2.remap(band.full, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE) - blurred
        low += wide[..., None] * blurred
        high += narrow[..., None] * detail
        total += np.stack([narrow, wide])
    np.add(low / total[1, ..., None], high / total[0, ..., None], out=texture)
    seen[:] = (np.clip(total[1] * 4, 0, 1) * 255 + 0.5).astype(np.uint8)
    return int((raster.face_index >= 0).sum())


def _fill_unseen(mesh: Mesh, texture: Float32[np.ndarray, "t t 3"], seen: np.ndarray) -> None:
    """Blend in, where no view sees well, colours pushed in from the same region; off the surface, from anywhere."""
    size = texture.shape[0]
    factor = -(-size // FILL_SIZE)
    colour, known = _reduced(texture, seen, factor)
    weight = (known > 0.5).astype(np.float32)
    fill = push_pull(colour, weight)
    if mesh.regions is not None and mesh.uv is not None:
        labels = _labels(mesh, size / factor, len(fill))
        for region in (Region.SKIN, Region.HAIR, Region.CLOTH):
            here = labels == region
            if (weight[here] > 0).sum() > 20:
                fill[here] = push_pull(colour, weight * here)[here]
    rows = max(16, BAND_TEXELS // size)
    for start in range(0, size, rows):
        stop = min(start + rows, size)
        ys, xs = np.mgrid[start:stop, :size].astype(np.float32)
        x, y = (xs + 0.5) / factor - 0.5, (ys + 0.5) / factor - 0.5
        wide = cv2.remap(fill, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        share = (seen[start:stop].astype(np.float32) / 255)[..., None]
        texture[start:stop] = texture[start:stop] * share + wide * (1 - share)


def _reduced(
    texture: Float32[np.ndarray, "t t 3"], seen: np.ndarray, factor: int
) -> tuple[Float32[np.ndarray, "s s 3"], Float32[np.ndarray, "s s"]]:
    """Blocks of factor x factor texels: the mean colour of the well-seen ones, and their share. In bands of rows."""
    small = texture.shape[0] // factor
    colour, known = np.zeros((small, small, 3), np.float32), np.zeros((small, small), np.float32)
    width, rows = small * factor, max(1, BAND_TEXELS // (texture.shape[0] * factor))
    for start in range(0, small, rows):
        stop = min(start + rows, small)
        block = slice(start * factor, stop * factor)
        good = (seen[block, :width] >= 255).astype(np.float32)
        known[start:stop] = cv2.resize(good, (small, stop - start), interpolation=cv2.INTER_AREA)
        colour[start:stop] = cv2.resize(
            texture[block, :width] * good[..., None], (small, stop - start), interpolation=cv2.INTER_AREA
        )
    return colour / np.maximum(known, 1e-6)[..., None], known


def _labels(mesh: Mesh, scale: float, size: int) -> np.ndarray:
    """The region of every texel when uv 0..1 spans `scale` texels; 0 off the surface."""
    if mesh.uv is None or mesh.regions is None:
        return np.zeros((size, size), np.uint8)
    texels = np.stack([mesh.uv[:, 0] * scale - 0.5, (1 - mesh.uv[:, 1]) * scale - 0.5], axis=1)
    raster = rasterize(texels, np.ones(len(texels)), mesh.faces, size, size)
    corner = raster.barycentric.argmax(-1)
    labels = mesh.regions[mesh.faces[raster.face_index, corner]]
    return np.where(raster.face_index >= 0, labels, 0)


def _density(mesh: Mesh, warped: ViewSet, size: int) -> float:
    """Median number of texels along a pixel of the leading view: under 1 the texture loses detail."""
    if mesh.uv is None:
        return 0.0
    pixels = warped.vertex_pixels[(len(warped.vertex_pixels) - 1) // 2]
    areas = []
    for places in (mesh.uv * size, pixels):
        p, q, r = (places[mesh.faces[:, corner]] for corner in range(3))
        areas.append(np.abs((q[:, 0] - p[:, 0]) * (r[:, 1] - p[:, 1]) - (q[:, 1] - p[:, 1]) * (r[:, 0] - p[:, 0])))
    return float(np.sqrt(np.median(areas[0] / np.maximum(areas[1], 1e-9))))
