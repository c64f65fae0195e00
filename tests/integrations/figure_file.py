"""A figure.glb as the program writes it, with eyes, teeth, expressions and a relief, of a made-up person."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from figures import small_figure
from heads import crop_of
from twinbrush.config.sculpt import SculptConfig
from twinbrush.export.figure_gltf import write_figure
from twinbrush.export.figure_outputs import figure_mesh
from twinbrush.export.figure_relief import gltf_detail
from twinbrush.relief.values import Relief, Worked
from twinbrush.sculpt import figure as room
from twinbrush.sculpt.figure import sculpt_crop


def write_glb(path: Path) -> Path:
    """Write the figure. Slow: some seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "landmark_bias", lambda: np.zeros((468, 2)))
        figure = sculpt_crop(crop_of(1, 0.5, 0.0), SculptConfig(texture_size=256))
    others = small_figure().parts[1:]
    figure = replace(figure, parts=(*figure.parts, *others))
    heights = np.sin(np.mgrid[:256, :256][1] / 3).astype(np.float32)
    stream = io.BytesIO()
    Image.fromarray((255 * figure.texture).astype(np.uint8)).save(stream, "PNG")
    detail = gltf_detail(figure, figure_mesh(figure), Worked(Relief(heights, "oil", 0.7), 0.7))
    return write_figure(figure, path, stream.getvalue(), detail)
