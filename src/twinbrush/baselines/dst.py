"""DST for a single picture: Kim, Kolkin, Salavon & Shakhnarovich, Deformable Style Transfer, ECCV 2020 (Eq. 6 here).

L = alpha L_content(I_c, I) + L_style(I_s, I) + L_style(I_s, W(I)) + beta L_warp + gamma R_TV: the picture I and the
displacements theta of its keypoints together; W is the thin-plate spline of paint/paper/dst_warp.py. Keypoints are the
68 landmarks (the paper's choice for faces), less those that fold a spline; their targets are the style's, laid on the
photo's face by a similarity. Deviations: eight anchors hold the picture's frame, and Adam instead of SGD.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from twinbrush.baselines.scene import Scene, Square
from twinbrush.baselines.strotss import LAST, RATE, Report, as_parameters, finest, sizes_for
from twinbrush.baselines.terms import Task, colours_at, content_at, drawn, make_task, style_term
from twinbrush.config.rivals import RivalConfig
from twinbrush.maths.similarity import fit_similarity
from twinbrush.paint.adam import Adam
from twinbrush.paint.features import Extractor
from twinbrush.paint.features.hypercolumns import hypercolumns
from twinbrush.paint.losses.total_variation import total_variation
from twinbrush.paint.losses.warp import warp_loss
from twinbrush.paint.paper.dst_keypoints import LANDMARKS
from twinbrush.paint.paper.dst_objective import WARP_UNIT
from twinbrush.paint.paper.dst_warp import learned_field, learned_splines, sample, to_units
from twinbrush.paint.pyramid import collapse, resized

THETA_RATE = 0.002  # of Adam, in picture heights a step


@dataclass(frozen=True)
class Warped:
    """The stylized picture, warped; where the photo's landmarks have gone, pixels; its labels; the warp's share of the
    way to the style's landmarks."""

    picture: Float[np.ndarray, "s s 3"]
    landmarks_xy: Float[np.ndarray, "468 2"]
    labels: UInt8[np.ndarray, "s s"]
    log: dict[str, float]


def keypoints(content: Square, style: Square) -> tuple[Float[np.ndarray, "k 2"], Float[np.ndarray, "k 2"]]:
    """Returns P and P' in pixels of the content's square: landmarks, then the anchors, which stay."""
    own, other = (square.face.landmarks[:, :2] for square in (content, style))
    laid = fit_similarity(other, own, np.ones(len(own))).apply(other)
    last = float(len(content.image) - 1)
    anchors = np.array([(x, y) for x in (0, last / 2, last) for y in (0, last / 2, last) if (x, y) != (last / 2,) * 2])
    chosen = list(LANDMARKS)
    return np.concatenate([own[chosen], anchors]), np.concatenate([laid[chosen], anchors])


def paint_dst(
    scene: Scene, content: Float[Tensor, "1 3 h w"], style: Float[Tensor, "1 3 h w"], extractor: Extractor,
    config: RivalConfig, unit: float, *, seed: int, report: Report,
) -> Warped:
    """Returns the photo in the style and in its proportions. unit: of alpha. report: step, steps, loss."""
    generator = torch.Generator().manual_seed(seed)
    full = content.shape[-1]
    source_xy, target_xy = keypoints(scene.content, scene.style)
    source, target = (torch.from_numpy(to_units(points, full)) for points in (source_xy, target_xy))
    theta = torch.zeros_like(source).requires_grad_()
    sizes = sizes_for(full, config.dst_sizes)
    picture, done, total = None, 0, len(sizes) * config.dst_steps
    for number, size in enumerate(sizes):
        small, art = resized(content, size, size), resized(style, size, size)
        alpha = unit * config.dst_alpha * 2 ** (len(sizes) - 1 - number)
        task = make_task(extractor, small, art, alpha, (config.content_samples, config.style_samples), generator)
        bands = as_parameters(small if picture is None else resized(picture, size, size) + finest(small))
        colours, places = Adam(bands), Adam([theta])
        for step in range(config.dst_steps):
            loss = _loss(collapse(bands), source, theta, target, task, config, generator)
            *gradients, slope = torch.autograd.grad(loss, [*bands, theta])
            fall = 1 - (1 - LAST) * step / max(config.dst_steps - 1, 1)
            colours.step(gradients, RATE * fall)
            places.step([slope], THETA_RATE * fall)
            done += 1
            report(done, total, float(loss.detach()))
        with torch.no_grad():
            picture = collapse(bands).clamp(0, 1)
    assert picture is not None
    return _finished(scene, picture, source_xy, target_xy, theta.detach().numpy() * full)


def _loss(
    image: Float[Tensor, "1 3 h w"], source: Float[Tensor, "k 2"], theta: Float[Tensor, "k 2"],
    target: Float[Tensor, "k 2"], task: Task, config: RivalConfig, generator: torch.Generator,
) -> Float[Tensor, ""]:
    height, width = image.shape[-2:]
    field = learned_field(source, theta, 1.0, height)
    warped = sample(image[0], field.places(height, width))[None]
    total = image.new_zeros(())
    for number, shown in enumerate((image, warped)):
        pixels = drawn(shown, task.counts[0], generator)
        columns = hypercolumns(task.extractor(shown), pixels, height, width)
        total = total + style_term(columns, colours_at(shown, pixels), task)
        if number == 0:
            total = total + task.alpha * content_at(columns, task, pixels, image.shape[-2:])
    warp = warp_loss(WARP_UNIT * source, WARP_UNIT * theta, WARP_UNIT * target)
    return total + config.dst_beta * warp.float() + config.dst_gamma * total_variation(field.variation_field(height))


def _finished(
    scene: Scene, picture: Float[Tensor, "1 3 h w"], source_xy: Float[np.ndarray, "k 2"],
    target_xy: Float[np.ndarray, "k 2"], theta_px: Float[np.ndarray, "k 2"],
) -> Warped:
    """The warped picture, and what goes with it."""
    size = picture.shape[-1]
    unit = torch.from_numpy(to_units(source_xy, size)), torch.from_numpy(theta_px / size)
    places = learned_field(*unit, 1.0, size).places(size, size)
    image = sample(picture[0], places).permute(1, 2, 0).clamp(0, 1).numpy()
    pixels = (places.numpy() * size - 0.5).round().astype(int).clip(0, size - 1)
    forward = learned_splines(source_xy, theta_px)[1]
    gap = target_xy - source_xy
    arrived = float((theta_px * gap).sum() / max((gap**2).sum(), 1e-12))
    return Warped(
        np.ascontiguousarray(image), forward.apply(scene.content.face.landmarks[:, :2]),
        scene.labels[pixels[..., 1], pixels[..., 0]], {"warp_share": arrived})
