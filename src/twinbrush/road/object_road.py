"""The road of a mesh that is no head: the style's object -> matches and deformation -> shape from all views -> paint
all the way round.

Imports that take time wait until a stage is computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from twinbrush.align.objects.align import MATCH_SIZE, ObjectAlignment, StyleObject, align_object, view_from
from twinbrush.align.objects.matches import Matches
from twinbrush.align.objects.matching import match_object
from twinbrush.base.image import LoadedImage
from twinbrush.base.progress import Progress
from twinbrush.config import Config
from twinbrush.export.mesh_outputs import ObjectScene, PaintedAtlas
from twinbrush.meshes.values import SourceModel
from twinbrush.road.object_style import style_object, user_pairs
from twinbrush.road.stages import Stage, Walk
from twinbrush.shape.displacement import ShapeResult
from twinbrush.views.values import ViewSet


@dataclass(frozen=True)
class MeshInputs:
    """model: how its file is read again. picture: the style; mask (h, w): the user's own cut-out of it."""

    mesh: Path
    picture: LoadedImage
    mask: Float[np.ndarray, "h w"] | None


def found_object(given: MeshInputs, config: Config, progress: Progress) -> StyleObject:
    """Returns the object in the style picture."""
    del progress
    return style_object(given.picture, given.mask, config)


def aligned(
    model: SourceModel, style: StyleObject, engine: str | None, config: Config, progress: Progress
) -> ObjectAlignment:
    """Returns the mesh brought to the style's object by the user's pairs, features or silhouettes. engine: sha256 of
    the weights that may see features."""
    del engine, progress
    pairs = user_pairs(config.objects.pairs, style)
    features = None if pairs is not None else _features(config)

    def match(views: ViewSet) -> Matches:
        return match_object(
            views.images[0], views.coverage[0], style.image, style.mask, config.objects,
            features=features, user_pairs=pairs,
        )  # fmt: skip

    # the user's pairs were clicked in the picture of the front
    return align_object(model.mesh, style, config.objects, match, azimuth_degrees=None if pairs is None else 0.0)


def _features(config: Config) -> Any:
    """Maps for Neural Best-Buddies, when the user has VGG weights: --keypoint-weights (VGG-19), or those that paint."""
    from twinbrush.paint.features.arrays import as_arrays
    from twinbrush.paint.features.load import load_extractor
    from twinbrush.paint.features.vgg19 import load_vgg19

    if config.objects.keypoint_weights is not None:
        return as_arrays(load_vgg19(config.objects.keypoint_weights))
    if config.stylize.extractor in ("vgg16", "vgg19-low"):
        return as_arrays(load_extractor(config.stylize.extractor, config.stylize.weights))
    return None


def solved(model: SourceModel, alignment: ObjectAlignment, config: Config, progress: Progress) -> ShapeResult:
    """Returns the mesh in the shape that all views tell of."""
    from twinbrush.paint.round.object import cameras_for
    from twinbrush.shape.n_view import solve_allround

    framed = np.concatenate([model.mesh.vertices, alignment.target_xyz])
    cameras = cameras_for(framed, config.views, alignment.azimuth_degrees)
    return solve_allround(
        model.mesh, model.welded, alignment.target_xyz, cameras, config.align.strength, progress=progress)


def painted(
    model: SourceModel, style: StyleObject, alignment: ObjectAlignment, shape: ShapeResult, engine: str | None,
    config: Config, progress: Progress,
) -> PaintedAtlas:
    """Returns the mesh's atlas, painted all the way round. engine: sha256 of the painter's weights."""
    from twinbrush.paint.bake import finish_texture
    from twinbrush.paint.round.agreement import ring_consistency
    from twinbrush.paint.round.object import paint_object, prepare

    surroundings = prepare(shape.mesh, model.welded, alignment, style, config.views, coloured=model.coloured)
    paint, log = paint_object(
        surroundings, config.stylize, config.reconstruct.texture_size, seed=config.seed, progress=progress)
    baked = finish_texture(paint)
    agreement = ring_consistency(shape.mesh.painted(baked.texture), surroundings.cameras)
    return PaintedAtlas(
        baked.texture, {**log, **baked.metrics, **agreement}, config.stylize.method, engine)


STYLE = Stage("style", StyleObject, ("picture",), ("style_face", "portrait"), found_object)
ALIGN = Stage(
    "align", ObjectAlignment, ("model", "style", "engine"), ("objects", "stylize.extractor", "stylize.weights"),
    aligned)
SHAPE = Stage("shape", ShapeResult, ("model", "align"), ("views", "align.strength"), solved)
PAINT = Stage(
    "paint", PaintedAtlas, ("model", "style", "align", "shape", "engine"),
    ("views", "stylize", "reconstruct.texture_size", "seed"), painted)


def object_scene(walk: Walk) -> ObjectScene:
    """Returns all that the files are made from, after all stages."""
    for stage in (STYLE, ALIGN, SHAPE, PAINT):
        walk.through(stage)
    model, alignment = walk.values["model"], walk.values["align"]
    return ObjectScene(
        model, walk.values["picture"].picture, walk.values["shape"], walk.values["paint"], alignment.azimuth_degrees,
        alignment.metrics, _reference(model, alignment))


def _reference(model: SourceModel, alignment: ObjectAlignment) -> Float[np.ndarray, "h w 3"]:
    """The picture in which points were matched (and in which the user clicks pairs)."""
    from twinbrush.base.shade import shade

    camera = view_from(model.mesh.vertices, alignment.azimuth_degrees, MATCH_SIZE)
    return shade(model.mesh, camera)
