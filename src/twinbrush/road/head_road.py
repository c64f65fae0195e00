"""A head that came as a mesh walks the photo's road: the template fitted to it takes the style's form, the mesh goes
with the template, and is painted as a figure is: the stereo pair first, then all the way round.

Its own mesh comes back; the template only carries the form.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import UInt8

from twinbrush.base import store
from twinbrush.base.camera import INTERPUPILLARY_MM
from twinbrush.base.mesh import Mesh, Region
from twinbrush.base.progress import Progress
from twinbrush.config import Config
from twinbrush.export.mesh_outputs import ObjectScene, PaintedAtlas
from twinbrush.meshes.front import FoundFront
from twinbrush.meshes.regions import without_islands
from twinbrush.meshes.values import SourceModel
from twinbrush.paint.surface import FigureSurface
from twinbrush.paint.values import PaintedPair
from twinbrush.regions.inputs import Input
from twinbrush.regions.values import RegionMap
from twinbrush.road import paint_road, sculpt_road
from twinbrush.road.stages import Stage, Walk
from twinbrush.sculpt.portrait.geometry import CAMERA_DISTANCE_IPD
from twinbrush.sculpt.values import Figure
from twinbrush.shape.displacement import ShapeResult, quality, sound_displacement
from twinbrush.views.consistency import view_consistency
from twinbrush.views.render import carried

LEAST_HAIR = 0.02  # of the vertices: with less the head is bald
BACKWARD = -0.1  # z of normals that no front view sees well
LIP = 0  # landmark in the middle of the upper lip


@dataclass(frozen=True)
class Front:
    """What was found on the mesh: a face or nothing."""

    found: FoundFront | None
    warnings: tuple[str, ...] = ()


def searched(model: SourceModel, config: Config, progress: Progress) -> Front:
    """Returns the face that was looked for on the mesh, and what to tell where there is none."""
    from twinbrush.meshes.front import find_portrait

    found = find_portrait(model, config.portrait, progress=progress)
    if found is not None:
        return Front(found, found.warnings)
    said = config.mesh.up != "auto" or model.source.file.y_up  # glTF says which way up it is
    note = f"{model.path.name}: no face was found on it that says which way up it is; --up and --forward turn it."
    return Front(None, () if said else (note,))


def fitted(front: FoundFront, config: Config, progress: Progress) -> Figure:
    """Returns the template fitted to the mesh's face, without hair and bust."""
    from twinbrush.sculpt.figure import sculpt_portrait

    return sculpt_portrait(front.portrait, config.sculpt, whole_figure=False, progress=progress)


def formed(
    model: SourceModel, front: FoundFront, figure: Figure, shaped: Figure, config: Config, progress: Progress
) -> ShapeResult:
    """Returns the mesh in the style's form, in the model's world frame."""
    from twinbrush.sculpt.template import template
    from twinbrush.shape.on_mesh import mesh_displacement

    del config, progress
    rest, first = front.portrait.mesh.vertices, model.first
    distance = CAMERA_DISTANCE_IPD * INTERPUPILLARY_MM
    moved = mesh_displacement(template(), figure, shaped, rest[first], distance)
    solid = Mesh(rest[first], model.welded_faces)
    displacement, reduced, warnings = sound_displacement(solid, moved)
    metrics = {"strength_factor": reduced, **quality(solid, displacement)}
    back = np.linalg.inv(front.to_portrait[:3, :3])
    in_world = (displacement @ back.T)[model.welded]
    return ShapeResult(
        model.mesh.moved(model.mesh.vertices + in_world), in_world, reduced, metrics, warnings)


def painted_pair(
    model: SourceModel, front: FoundFront, shape: ShapeResult, style: Input, regions: RegionMap, engine: str | None,
    config: Config, progress: Progress,
) -> PaintedPair:
    """Returns the stereo pair on the mesh in the style's form."""
    from twinbrush.paint.figure import paint_pair_on

    del engine
    surface = surface_of(model, front, shape)
    return paint_pair_on(surface, style.picture.pixels, style.face, regions, config, progress=progress)


def painted_atlas(
    model: SourceModel, front: FoundFront, shape: ShapeResult, pair: PaintedPair, config: Config, progress: Progress
) -> PaintedAtlas:
    """Returns the mesh's atlas, painted all the way round."""
    from twinbrush.paint.figure import paint_surface

    size = config.reconstruct.texture_size
    painted = paint_surface(surface_of(model, front, shape), pair, config, (size, size), progress=progress)
    return PaintedAtlas(painted.texture, painted.log, pair.pair.method, pair.pair.weights_sha256)


FRONT = Stage("front", Front, ("model",), ("portrait", "mesh.up"), searched)
HEAD = Stage("sculpt", Figure, ("front",), ("sculpt",), fitted)
SHAPE = Stage("mesh-shape", ShapeResult, ("model", "front", "sculpt", "shape"), (), formed)
PAIR = Stage(
    "pair", PaintedPair, ("model", "front", "mesh-shape", "style", "regions", "engine"), paint_road.PAIR.sections,
    painted_pair)
PAINT = Stage(
    "paint", PaintedAtlas, ("model", "front", "mesh-shape", "pair"), paint_road.TEXTURE.sections, painted_atlas)


def head_scene(walk: Walk, art: Input) -> ObjectScene:
    """Returns all that the files are made from, after all stages; the shape in the model's world frame. art: the style
    with its face."""
    walk.give("style", art, art.key)
    with walk:
        sculpt_road.walk_to_shape(walk, HEAD, rows=False)
        for stage in (SHAPE, PAIR, PAINT):
            walk.through(stage)
    found, pair = walk.values["front"], walk.values["pair"].pair
    agreement = view_consistency(pair.images, pair.warped)
    metrics = {f"front_consistency_{name}": value for name, value in agreement.items()}
    toward = found.to_portrait[:3, :3].T @ np.array([0.0, 0.0, 1.0])
    degrees = float(np.degrees(np.arctan2(toward[0], toward[2])))
    return ObjectScene(
        walk.values["model"], art.picture, walk.values[SHAPE.name], walk.values["paint"], degrees, metrics,
        found.portrait.image, head=True)


def give_model(walk: Walk, model: SourceModel) -> None:
    """Lay down the mesh, with a key of its file and of how that is read."""
    walk.give("model", model, store.stage_key("model", model.sha256, walk.config.mesh))


def front_of(walk: Walk, stage: Stage[Front] = FRONT) -> FoundFront | None:
    """Returns the face on the mesh, which the walk then holds as "front", or None."""
    front = walk.through(stage)
    walk.give("front", front.found, walk.keys[stage.name])
    return front.found


def surface_of(model: SourceModel, found: FoundFront, shape: ShapeResult) -> FigureSurface:
    """Returns the mesh in its form as a surface to paint, in the portrait's frame."""
    from twinbrush.paint.surface import surface_of_mesh

    mesh = found.portrait.mesh
    change = shape.displacement @ found.to_portrait[:3, :3].T
    moved = replace(mesh, vertices=mesh.vertices + change, regions=with_back(found, model))
    landmarks = found.portrait.landmarks_xyz
    landmarks = landmarks + carried(mesh.vertices, landmarks, change)
    return surface_of_mesh(moved, landmarks, model.welded, coloured=model.coloured)


def with_back(found: FoundFront, model: SourceModel) -> UInt8[np.ndarray, "v"]:
    """Regions of all vertices: what faces backward above the mouth, and was labelled by what is nearest in front, is
    hair where the head has any. A head of clay was labelled by place, its back and ears too. No islands."""
    mesh, landmarks = found.portrait.mesh, found.portrait.landmarks_xyz
    assert mesh.regions is not None
    normals = model.normals(mesh.vertices)
    if not model.coloured or float((mesh.regions == int(Region.HAIR)).mean()) < LEAST_HAIR:
        return without_islands(model, mesh.regions)
    height = float(np.ptp(landmarks[:, 1]))
    behind = (normals[:, 2] < BACKWARD) & (mesh.vertices[:, 2] < landmarks[:, 2].min() - 0.1 * height)
    skull = behind & (mesh.vertices[:, 1] > landmarks[LIP, 1])
    return without_islands(model, np.where(skull, np.uint8(Region.HAIR), mesh.regions))
