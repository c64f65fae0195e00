"""The figure painted all the way round: the pair laid down first, then the ring, wave by wave."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np
from jaxtyping import Float32

from twinbrush.base.beside import Works, mapped
from twinbrush.base.camera import project
from twinbrush.base.mesh import Mesh
from twinbrush.base.progress import Progress, Step, ignore
from twinbrush.config import StylizeConfig
from twinbrush.paint.guided.guides import LED
from twinbrush.paint.guided.paint import with_lead
from twinbrush.paint.guided.scene import Scene
from twinbrush.paint.guided.synthesis import synthesize
from twinbrush.paint.palette import ring_canvas
from twinbrush.paint.round.guide import guide_mesh
from twinbrush.paint.round.one_by_one import (
    IDENTITY_POWER,
    bare_scene,
    border_gap,
    continued,
    continuing,
    finished,
    sheet_of,
)
from twinbrush.paint.round.onward import with_pairs_colours
from twinbrush.paint.round.ring import cropped, faded, ring_cameras
from twinbrush.paint.round.subject import Subject
from twinbrush.paint.surface import FigureSurface
from twinbrush.paint.texture_strength import Strength, calmed, strength_of, strengthened
from twinbrush.paint.values import PaintedPair
from twinbrush.views.rig import mean_camera
from twinbrush.views.surface_paint import Look, SurfacePaint

if TYPE_CHECKING:
    from twinbrush.paint.round.contact import ContactLead

LEAST_TEXELS = 200  # a view that owns fewer paints nothing
RING_WEIGHTS = replace(LED, region=1.2, structure=2.0, uniformity=5e-4, structure_by_region=(0.15, 1.0, 0.3))
"""Weights of the patches' guides: regions are known by part, none is guessed; strokes follow locks, and few patches may
serve often where the style shows little hair (else locks are camouflage). Skin and cloth are smooth in the guide: held
to that in full, tiles and hatching would end where the pair does."""
DETAIL = 2.0  # of the guide's fine detail in a lead
SEED_STEP = 7919  # between the seeds of two views


@dataclass(frozen=True)
class RoundPaint:
    """paint: the painted atlas, to be finished. guide: the surface with its guide as texture. log: numbers."""

    paint: SurfacePaint
    guide: Mesh
    log: dict[str, float]


def paint_in_waves(
    surface: FigureSurface, painted: PaintedPair, config: StylizeConfig, shape: tuple[int, int], *, seed: int,
    progress: Progress = ignore,
) -> RoundPaint:
    """Returns the figure's atlas of `shape` (rows, columns): the painted stereo pair, then the ring.

    The same seed gives the same bytes. Raises ModelFileError, BadOption.
    """
    plan, pair = config.ring, painted.pair
    middle = mean_camera(pair.warped.cameras)
    subject, canvas = subject_of(surface, painted), ring_canvas(painted.wide.style)
    sheet = sheet_of(canvas)
    with Works() as works:
        guided_mesh = works.begin(partial(guide_mesh, subject, sheet, config.identity))
        paint = SurfacePaint(surface.mesh, shape, surface.normals, surface.broad)
        front = [
            (faded(paint.look(camera)), image)
            for camera, image in zip(pair.warped.cameras, pair.images, strict=True)]
        waves = [
            mapped(paint.look, ring_cameras(surface.mesh.vertices, middle, wave, plan.scale)) for wave in plan.waves]
        guide = guided_mesh.result()
    for look in (*(look for look, _ in front), *(look for wave in waves for look in wave)):
        paint.claim(look)
    for look, image in front:
        paint.add(look, np.ascontiguousarray(image, np.float32), paint.share(look))
    if surface.coloured:
        guide = with_pairs_colours(guide, surface, paint.layer)
    lead = _lead_for(config)
    log: list[tuple[float, float | None]] = []
    strength: Strength | None = None
    for number, wave in enumerate(waves):
        owned = _owned(paint, wave)
        bare = mapped(lambda look: bare_scene(look, subject, guide, sheet), [look for look, _ in owned])
        begun = [continuing(scene, paint, *own)[0] for scene, own in zip(bare, owned, strict=True)]
        if strength is None and begun:
            strength = strength_of(begun, sheet)
        views: list[_View] = []
        if strength is not None and begun:
            guided = [strengthened(scene, strength) for scene in begun]
            pictures = [None] * len(begun) if lead is None else lead(guided, seed=seed + number)
            views = [
                _View(look, share, scene if picture is None else with_lead(scene, detailed(picture, scene)),
                      seed + SEED_STEP * (len(log) + index))
                for index, ((look, share), scene, picture) in enumerate(zip(owned, guided, pictures, strict=True))]
        for group in _apart(views):
            assert strength is not None
            painted_views = mapped(partial(_paint_view, paint=paint, strength=strength, config=config), group)
            for view, (image, cost, gap) in zip(group, painted_views, strict=True):
                log.append((cost, gap))
                paint.add(view.look, image, view.share)
        progress(Step("ring", number + 1, len(waves), f"wave {number + 1} of {len(waves)}"))
    gaps = [gap for _, gap in log if gap is not None]
    costs = [cost for cost, _ in log]
    return RoundPaint(paint, guide, {
        "ring_match_cost": float(np.mean(costs)) if costs else 0.0,
        "border_difference": float(np.mean(gaps)) if gaps else 0.0})


@dataclass(frozen=True)
class _View:
    """One of a wave's views: what it owns, what leads it, its seed."""

    look: Look
    share: Float32[np.ndarray, "s"]
    scene: Scene
    seed: int


def _apart(views: list[_View]) -> list[list[_View]]:
    """The views in their order, those together that own nothing in common: none of them continues another one."""
    groups: list[list[_View]] = []
    for view in views:
        if groups and not any(((other.share > 0) & (view.share > 0)).any() for other in groups[-1]):
            groups[-1].append(view)
        else:
            groups.append([view])
    return groups


def _paint_view(
    view: _View, paint: SurfacePaint, strength: Strength, config: StylizeConfig
) -> tuple[Float32[np.ndarray, "h w 3"], float, float | None]:
    """The view painted on from what is there; what its matches cost; the step at its border."""
    scene, before = continuing(view.scene, paint, view.look, view.share)
    painting = synthesize(
        scene, identity=config.identity**IDENTITY_POWER, seed=view.seed, led_weights=RING_WEIGHTS)
    image = continued(finished(scene, calmed(painting.images[0], scene, strength), config), scene, before)
    return image, painting.cost, border_gap(image, scene, before)


def _lead_for(config: StylizeConfig) -> ContactLead | None:
    """The objective over a wave's contact sheet; nothing for the guided engine, which goes without."""
    if config.method == "guided" or config.style_strength == 0:
        return None
    from twinbrush.paint.round.contact import ContactLead  # imports torch: only now

    return ContactLead(config)


def detailed(lead: Float32[np.ndarray, "1 a b 3"], scene: Scene) -> Float32[np.ndarray, "1 h w 3"]:
    """Returns the lead with the guide's own detail, which it is too small to show: locks and folds, so that brushwork
    follows them."""
    guide = scene.matched[0]
    height, width = guide.shape[:2]
    small = cv2.resize(guide, lead.shape[2:0:-1], interpolation=cv2.INTER_AREA)
    broad = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    large = cv2.resize(np.ascontiguousarray(lead[0], np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(large + DETAIL * (guide - broad), 0, 1)[None].astype(np.float32)


def _owned(paint: SurfacePaint, wave: list[Look]) -> list[tuple[Look, Float32[np.ndarray, "s"]]]:
    """The wave's views cut to what they own, with their shares; without those that own hardly anything."""
    shares = [(look, paint.share(look)) for look in wave]
    return [(cropped(look, share), share) for look, share in shares if (share > 0).sum() >= LEAST_TEXELS]


def subject_of(surface: FigureSurface, painted: PaintedPair) -> Subject:
    """Returns the surface as the all-round painter takes it; places lie in the wide canvas."""
    middle = mean_camera(painted.pair.warped.cameras)
    places = painted.wide.placed(project(middle, surface.mesh.vertices)[0])
    facing = np.maximum(-surface.broad @ middle.world_to_camera[2, :3], 0)
    mesh = surface.mesh
    return Subject(mesh, surface.normals, surface.broad, places, facing, surface.coloured, True, mesh.regions)
