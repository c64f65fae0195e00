"""A rival by its name: photo and style in, a painted figure out.

The rivals of one picture (nst, strotss, dst) paint the photo; their picture then gives the colours of the photo's own
sculpted figure: the head that this project makes of any photo, so that they are not blamed for a worse one. dst's warp
moves the landmarks with it, so that its figure has the shape it painted. flat is the paper's "2D+3D": dst's picture is
taken for a photo of a real person, its face found anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from twinbrush.base.errors import BadOption, FaceNotFound, FaceUnusable
from twinbrush.base.progress import Progress, Step, ignore
from twinbrush.baselines.dst import Warped, paint_dst
from twinbrush.baselines.exemplar import paint_texture, shaped
from twinbrush.baselines.nmr import paint_nmr
from twinbrush.baselines.nst import paint_nst
from twinbrush.baselines.scene import Rival, Scene, make_scene, with_landmarks
from twinbrush.baselines.strotss import paint_strotss
from twinbrush.baselines.terms import ALPHA_UNIT, LOW_UNIT
from twinbrush.config import Config, FaceConfig
from twinbrush.faces.face import find_face
from twinbrush.faces.values import Face
from twinbrush.paint.features import Extractor, load_extractor
from twinbrush.paint.pyramid import resized
from twinbrush.regions.inputs import Input
from twinbrush.sculpt.figure import sculpt
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Part

STAGE = "rival"
LOST = "flat: no face was found in the stylized picture; the photo's landmarks, moved by its warp, took its place."


def paint_rival(content: Input, art: Input, config: Config, *, progress: Progress = ignore) -> Rival:
    """Returns what the rival named by `config.stylize.method` makes of a photo and a style.

    Raises BadOption for an unknown name and ModelFileError.
    """
    method = config.stylize.method
    if method not in RIVALS:
        raise BadOption(f"--method {method}: is no rival.", f"Choose one of {', '.join(RIVALS)}.")
    return RIVALS[method](content, art, config, progress)


def _scene(content: Input, art: Input, config: Config) -> tuple[Scene, Tensor, Tensor, Extractor]:
    """Squares, the same as tensors, and the network."""
    scene = make_scene(content, art, config.views.size)
    extractor = load_extractor(config.stylize.extractor, weights=config.stylize.weights)
    return scene, _tensor(scene.content.image), _tensor(scene.style.image), extractor


def _unit(config: Config) -> float:
    return ALPHA_UNIT.get(config.stylize.extractor, LOW_UNIT)


def _reporting(progress: Progress) -> Callable[[int, int, float], None]:
    return lambda done, total, loss: progress(Step(STAGE, done, total, f"loss {loss:.3f}"))


def _nst(content: Input, art: Input, config: Config, progress: Progress) -> Rival:
    scene, photo, style, extractor = _scene(content, art, config)
    picture = paint_nst(photo, style, extractor, config.stylize.rivals, _reporting(progress))
    return _on_photo(scene, picture, config)


def _strotss(content: Input, art: Input, config: Config, progress: Progress) -> Rival:
    scene, photo, style, extractor = _scene(content, art, config)
    picture = paint_strotss(
        photo, style, extractor, config.stylize.rivals, _unit(config), seed=config.seed, report=_reporting(progress))
    return _on_photo(scene, picture, config)


def _warped(content: Input, art: Input, config: Config, progress: Progress) -> tuple[Scene, Warped]:
    scene, photo, style, extractor = _scene(content, art, config)
    return scene, paint_dst(
        scene, photo, style, extractor, config.stylize.rivals, _unit(config), seed=config.seed,
        report=_reporting(progress))


def _dst(content: Input, art: Input, config: Config, progress: Progress) -> Rival:
    scene, found = _warped(content, art, config, progress)
    return _sculpted(found, with_landmarks(scene.content.face, found.landmarks_xy), config, ())


def _flat(content: Input, art: Input, config: Config, progress: Progress) -> Rival:
    scene, found = _warped(content, art, config, progress)
    try:
        face = find_face(found.picture, FaceConfig(face=0), where="stylized picture", art=True)
        made = sculpt(found.picture, face, config.sculpt)
        return Rival(made, found.picture, found.log, made.warnings)
    except (FaceNotFound, FaceUnusable):
        return _sculpted(found, with_landmarks(scene.content.face, found.landmarks_xy), config, (LOST,))


def _nmr(content: Input, art: Input, config: Config, progress: Progress) -> Rival:
    scene, _, style, extractor = _scene(content, art, config)
    figure = sculpt(
        content.picture.pixels, content.face, config.sculpt, mask=content.mask, labels=content.labels,
        others=content.others)
    rivals = config.stylize.rivals
    mesh = replace(figure.whole(), texture=figure.texture)
    found = paint_nmr(mesh, resized(style, rivals.nmr_size, rivals.nmr_size), extractor, rivals, seed=config.seed,
                      report=_reporting(progress))  # fmt: skip
    way = np.linalg.norm(found.vertices - mesh.vertices, axis=1)
    parts, start = list[Part](), 0
    for part in figure.parts:
        count = len(part.mesh.vertices)
        parts.append(replace(part, mesh=part.mesh.moved(found.vertices[start : start + count])))
        start += count
    figure = replace(figure, parts=tuple(parts), texture=found.texture)
    return Rival(figure, scene.content.image, {"moved_mm": float(way.mean())}, figure.warnings)


def _exemplar(content: Input, art: Input, config: Config, progress: Progress) -> Rival:
    scene, _, style, extractor = _scene(content, art, config)
    figure = sculpt(
        content.picture.pixels, content.face, config.sculpt, mask=content.mask, labels=content.labels,
        others=content.others)
    figure = shaped(template(), figure, art.face)
    texture = paint_texture(
        replace(figure.whole(), texture=figure.texture), style, extractor, config.stylize.rivals, _unit(config),
        seed=config.seed, report=_reporting(progress))
    return Rival(replace(figure, texture=texture), scene.content.image, {}, figure.warnings)


def _on_photo(scene: Scene, picture: Float[Tensor, "1 3 h w"], config: Config) -> Rival:
    """The photo's own figure in the colours of a picture that has not moved."""
    image = np.ascontiguousarray(picture[0].permute(1, 2, 0).numpy())
    made = sculpt(image, scene.content.face, config.sculpt, labels=scene.labels)
    return Rival(made, image, {}, made.warnings)


def _sculpted(found: Warped, face: Face, config: Config, warnings: tuple[str, ...]) -> Rival:
    """The figure of a picture whose landmarks and regions are known."""
    made = sculpt(found.picture, face, config.sculpt, labels=found.labels)
    return Rival(made, found.picture, found.log, (*made.warnings, *warnings))


def _tensor(image: Float[np.ndarray, "h w 3"]) -> Float[Tensor, "1 3 h w"]:
    return torch.from_numpy(np.ascontiguousarray(image, np.float32)).permute(2, 0, 1)[None]


RIVALS: dict[str, Callable[[Input, Input, Config, Progress], Rival]] = {
    "nst": _nst, "strotss": _strotss, "dst": _dst, "flat": _flat, "nmr": _nmr,
    "exemplar": _exemplar,
}
"""method -> who makes it."""
