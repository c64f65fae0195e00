"""The atlas: every texel shows its surface point; nothing bleeds in; views do not blur each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from synthetic import aligned_to, bust, widened
from twinbrush.config import ReconstructConfig, ViewsConfig
from twinbrush.errors import BadOption
from twinbrush.portrait.values import Portrait
from twinbrush.rasterize import rasterize
from twinbrush.reconstruct.texture import bake_texture
from twinbrush.stylize.geometry import warp_to_targets
from twinbrush.stylize.values import Stylization
from twinbrush.views.render import render_views

CONFIG = ReconstructConfig(texture_size=256)


@pytest.fixture(scope="module")
def painted() -> tuple[Portrait, Stylization]:
    """The warped content as its own stylization, with a loud colour wherever there is no surface."""
    portrait = bust()
    views = render_views(portrait, ViewsConfig(size=256))
    warped = warp_to_targets(views, aligned_to(views, widened(views.landmarks_xyz))).warped
    images = warped.images.copy()
    images[~warped.coverage] = [1, 0, 1]
    return portrait, Stylization(images, warped, "test")


def on_surface(portrait: Portrait, size: int) -> np.ndarray:
    uv = portrait.mesh.uv
    texels = np.stack([uv[:, 0] * size - 0.5, (1 - uv[:, 1]) * size - 0.5], 1)
    return rasterize(texels, np.ones(len(uv)), portrait.mesh.faces, size, size).face_index >= 0


def truth(size: int) -> np.ndarray:
    ys, xs = (np.mgrid[:size, :size] + 0.5) / size - 0.5 / 192
    return 0.5 + 0.4 * np.stack([np.sin(2 * np.pi * (3 * xs + k) + 4 * k * ys) for k in range(3)], -1)


def test_baking_the_rendered_content_returns_the_photo(painted: tuple[Portrait, Stylization]) -> None:
    """photo -> warped views -> atlas is the photo again, wherever the surface is; and no magenta bleeds in."""
    baked = bake_texture(*painted, CONFIG)
    surface = on_surface(painted[0], 256)
    error = np.abs(baked.texture - truth(256)).max(-1)[surface]
    assert np.median(np.abs(baked.texture - truth(256))[surface]) < 0.001  # half a texel off would be 0.0018
    assert np.quantile(error, 0.98) < 0.08
    assert baked.metrics["texels_seen"] > 0.95
    assert np.isfinite(baked.texture).all()


def test_two_different_paintings_are_not_averaged(painted: tuple[Portrait, Stylization]) -> None:
    """Brushwork that differs between views keeps its strength: one view leads at each place."""
    portrait, stylization = painted
    rng = np.random.default_rng(0)
    noise = np.repeat(np.repeat(rng.normal(0, 0.1, (2, 64, 64, 1)), 4, 1), 4, 2)
    rough = replace(stylization, images=np.clip(0.5 + noise + 0 * stylization.images, 0, 1))
    baked = bake_texture(portrait, rough, CONFIG)
    inside = baked.texture[60:160, 70:180, 0]
    assert inside.std() > 0.085  # averaging the two would leave 0.07


def test_a_difference_of_hue_makes_no_seam(painted: tuple[Portrait, Stylization]) -> None:
    portrait, stylization = painted
    images = np.full_like(stylization.images, 0.5)
    images[1] += 0.2
    baked = bake_texture(portrait, replace(stylization, images=images), CONFIG)
    surface = on_surface(portrait, 256)
    both = surface[:, 1:] & surface[:, :-1]
    jump = np.abs(np.diff(baked.texture[..., 0], axis=1))[both]
    assert jump.max() < 0.1 * 0.2 + 0.02


def test_what_no_view_sees_is_filled_from_the_same_region(painted: tuple[Portrait, Stylization]) -> None:
    portrait, stylization = painted
    warped = stylization.warped
    hidden = np.linalg.norm(portrait.mesh.vertices[:, :2] - [0, 20], axis=1) < 15
    blind = replace(warped, vertex_visible=warped.vertex_visible & ~hidden)
    baked = bake_texture(portrait, replace(stylization, warped=blind), CONFIG)
    plain = bake_texture(portrait, stylization, CONFIG)
    assert baked.metrics["texels_seen"] < plain.metrics["texels_seen"]
    surface = on_surface(portrait, 256)
    difference = np.abs(baked.texture - plain.texture).max(-1)[surface]
    assert difference.max() > 0.01  # something was filled
    assert difference.max() < 0.45  # with something sensible
    assert baked.texture[surface].max() <= 0.93  # and not with magenta


def test_rows_are_a_detail(painted: tuple[Portrait, Stylization], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = bake_texture(*painted, CONFIG).texture
    monkeypatch.setattr("twinbrush.reconstruct.texture.BAND_TEXELS", 256 * 37)
    np.testing.assert_allclose(bake_texture(*painted, CONFIG).texture, whole, atol=1e-3)


@pytest.mark.parametrize("size", [128, 10000])
def test_sizes_out_of_range_are_refused(painted: tuple[Portrait, Stylization], size: int) -> None:
    with pytest.raises(BadOption):
        bake_texture(*painted, ReconstructConfig(texture_size=size))
