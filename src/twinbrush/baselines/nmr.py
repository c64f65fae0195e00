"""2D-to-3D style transfer of Kato, Ushiku & Harada, Neural 3D Mesh Renderer, CVPR 2018, section 4.2.

A mesh's vertices and texture are optimised through the rasteriser's approximate gradient (edges.py) until pictures of
it, from random sides, have the style's Gram matrices: L = lambda_c L_c + lambda_s L_s + lambda_t L_t. L_c: squared
distance of the vertices from where they were; L_s: Gatys' style loss of the drawn picture; L_t: total variation of it.
It knows no regions and no landmarks. As published: azimuth anywhere, elevation 20 to 40 degrees, 224 pixels. The mesh
is this project's figure of the photo, in the photo's colours. Deviations: the layers are those of `--extractor`; L_s is
relative to the style's own size and lengths are in millimetres, so that the weights below are ours, not the published
ones; copies of a vertex along the texture's seams move together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from twinbrush.base.camera import Camera, look_at_origin
from twinbrush.base.mesh import Mesh
from twinbrush.baselines.edges import drawn_mesh
from twinbrush.baselines.nst import gram
from twinbrush.config.rivals import RivalConfig
from twinbrush.paint.adam import Adam
from twinbrush.paint.features import Extractor
from twinbrush.paint.pyramid import resized

ELEVATION_DEGREES = (20.0, 40.0)
DISTANCE_DIAGONALS = 1.5  # of the camera, in diagonals of the mesh's box
FILL = 0.85  # share of the picture that the box's diagonal fills
CONTENT, VARIATION = 2.0, 1e-2  # lambda_c a square millimetre, lambda_t; lambda_s is 1. By eye: at 0.2 a head is rubble
VERTEX_RATE_MM, TEXTURE_RATE = 0.05, 0.01  # of Adam, a step
COARSER = 4  # texels of the atlas a learned one: those of single pixels would stay dots, as no picture sees them all
GROUND = 0.0  # the colour beside the mesh, as in the authors' program; white outweighs most styles in the Gram matrices
Report = Callable[[int, int, float], None]


@dataclass(frozen=True)
class Styled:
    """The mesh's vertices (v, 3) in mm and its texture (h, w, 3) after the optimisation."""

    vertices: Float[np.ndarray, "v 3"]
    texture: Float[np.ndarray, "h w 3"]


def originals(mesh: Mesh) -> Int[np.ndarray, "v"]:
    """Returns of which vertex each one is a copy (itself: of none)."""
    out = np.arange(len(mesh.vertices))
    if mesh.seam is not None:
        out[mesh.seam[:, 1]] = mesh.seam[:, 0]
    return out


def random_camera(mesh: Mesh, size: int, rng: np.random.Generator) -> Camera:
    """Returns a camera anywhere about the mesh, from a little above."""
    low, high = mesh.vertices.min(0), mesh.vertices.max(0)
    diagonal = float(np.linalg.norm(high - low))
    focal = FILL * size * DISTANCE_DIAGONALS
    azimuth, elevation = rng.uniform(-np.pi, np.pi), np.radians(rng.uniform(*ELEVATION_DEGREES))
    return look_at_origin(
        float(azimuth), float(elevation), DISTANCE_DIAGONALS * diagonal, focal, size, size, (low + high) / 2)


def style_loss(image: Float[Tensor, "h w 3"], extractor: Extractor, grams: list[Tensor]) -> Float[Tensor, ""]:
    """Returns how far the drawn picture's Gram matrices are from the style's, relative to these."""
    maps = extractor(image.permute(2, 0, 1)[None])
    layers = [(gram(m) - g).square().sum() / g.square().sum() for m, g in zip(maps, grams, strict=True)]
    return torch.stack(layers).mean()


def total_loss(
    image: Float[Tensor, "h w 3"], moved: Float[Tensor, "v 3"], extractor: Extractor, grams: list[Tensor]
) -> Float[Tensor, ""]:
    """Returns the whole loss. moved: the vertices' way from where they were, mm."""
    variation = (image[1:] - image[:-1]).square().mean() + (image[:, 1:] - image[:, :-1]).square().mean()
    return style_loss(image, extractor, grams) + CONTENT * moved.square().sum(1).mean() + VARIATION * variation


def paint_nmr(
    mesh: Mesh, style: Float[Tensor, "1 3 h w"], extractor: Extractor, config: RivalConfig, *, seed: int, report: Report
) -> Styled:
    """Returns the mesh in the style. mesh: with uv and texture. report: called with step, steps and loss."""
    assert mesh.uv is not None
    assert mesh.texture is not None
    rng, own = np.random.default_rng(seed), torch.from_numpy(originals(mesh))
    start = torch.from_numpy(np.ascontiguousarray(mesh.vertices, np.float32))
    offsets = torch.zeros_like(start).requires_grad_()
    photo = torch.from_numpy(np.ascontiguousarray(mesh.texture, np.float32)).permute(2, 0, 1)[None]
    height, width = photo.shape[-2:]
    change = torch.zeros(1, 3, max(height // COARSER, 1), max(width // COARSER, 1)).requires_grad_()
    with torch.no_grad():
        grams = [gram(m) for m in extractor(style)]
    places, colours = Adam([offsets]), Adam([change])
    for step in range(config.nmr_steps):
        camera = random_camera(mesh, config.nmr_size, rng)
        moved = offsets[own]
        texture = (photo + resized(change, height, width)).clamp(0, 1)
        image = drawn_mesh(camera, start + moved, mesh.faces, mesh.uv, texture, torch.full((3,), GROUND))
        loss = total_loss(image, moved, extractor, grams)
        slope, paint = torch.autograd.grad(loss, [offsets, change])
        places.step([slope], VERTEX_RATE_MM)
        colours.step([paint], TEXTURE_RATE)
        report(step + 1, config.nmr_steps, float(loss.detach()))
    with torch.no_grad():
        vertices = (start + offsets[own]).double().numpy()
        texture = (photo + resized(change, height, width)).clamp(0, 1)
        return Styled(vertices, np.ascontiguousarray(texture[0].permute(1, 2, 0).numpy()))
