"""The hybrid engine: the joint objective at coarse sizes leads the guided patch synthesis; a few steps mend the result.

The objective (trained features, disparity between the views) settles who is who: identity, hair, shading. Patches of
the style's own pixels bring the brush. The last steps at full size close what patches tore. Best looking of the
engines (docs/stylization.md).
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from twinbrush.align.values import AlignedStyle
from twinbrush.base.progress import Progress, ignore
from twinbrush.config import StylizeConfig
from twinbrush.maths.fill import push_pull
from twinbrush.paint.device import choose_compute
from twinbrush.paint.features import load_extractor
from twinbrush.paint.features.load import weights_sha256
from twinbrush.paint.guided.paint import build_scene, paint, with_lead
from twinbrush.paint.objective import optimise_views, refine_views
from twinbrush.paint.stylization import Stylization
from twinbrush.paint.threads import threads
from twinbrush.views.values import ViewSet

_IDENTITY_RANGE = 2.5  # the content's weight at identity 1, relative to the middle of the slider


def paint_hybrid(
    views: ViewSet, aligned: AlignedStyle, config: StylizeConfig, *, seed: int, progress: Progress = ignore
) -> Stylization:
    """Objective -> guided synthesis led by it -> refinement at full size (see `stylize`)."""
    scene, warnings = build_scene(views, aligned)
    cleaned = replace(views, regions=scene.regions)  # nothing of the surface is background
    compute = choose_compute(config.device)
    extractor = load_extractor(config.extractor, config.weights, half=compute.half, device=compute.device)
    factor = _IDENTITY_RANGE ** (2 * config.identity - 1)
    objective = replace(config.objective, content_weight=config.objective.content_weight * factor)
    with threads(config.threads):
        lead = optimise_views(
            scene.matched, cleaned, aligned, extractor, objective, compute=compute, seed=seed, progress=progress
        )
        images, log = paint(with_lead(scene, lead), config, seed=seed, progress=progress)
        if objective.refine_steps and config.style_strength > 0 and not config.keep_colours:
            images = refine_views(
                images, scene.matched, cleaned, aligned, extractor, objective, compute=compute, seed=seed,
                progress=progress,
            )
            images = np.clip(scene.consensus.merge(images, cv2.INTER_CUBIC), 0, 1).astype(np.float32)
    filled = [push_pull(i, c.astype(np.float32)) for i, c in zip(images, scene.coverage, strict=True)]
    return Stylization(
        np.stack(filled), views, "hybrid", log, warnings,
        weights_sha256(config.extractor, config.weights), str(compute), config.extractor,
    )
