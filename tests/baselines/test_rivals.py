"""The rivals of one picture: their losses on cases with known answers, their pictures on small ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from twinbrush.baselines.dst import keypoints, paint_dst
from twinbrush.baselines.nst import gram, nst_loss, paint_nst
from twinbrush.baselines.scene import Scene, Square, with_landmarks
from twinbrush.baselines.strotss import paint_strotss, sizes_for
from twinbrush.config.rivals import RivalConfig
from twinbrush.evaluate.palette import palette_distance
from twinbrush.faces.face import make_face
from twinbrush.faces.face_model import mean_face
from twinbrush.faces.landmarks import Fit
from twinbrush.paint.features import load_extractor
from twinbrush.paint.paper.dst_keypoints import LANDMARKS

SIZE = 64
SMALL = replace(
    RivalConfig(), nst_steps=120, strotss_sizes=(32, 64), strotss_steps=25, dst_sizes=(32, 64), dst_steps=25,
    content_samples=256, style_samples=512)


def ignore(done: int, total: int, loss: float) -> None:
    assert 0 < done <= total
    assert np.isfinite(loss)


def pictures() -> tuple[torch.Tensor, torch.Tensor]:
    """A grey blob, and red and blue stripes."""
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    blob = np.exp(-((x - 0.5) ** 2 + (y - 0.5) ** 2) * 12)[..., None] * [0.6, 0.6, 0.6] + 0.2
    stripes = np.where(np.sin(40 * (x + y))[..., None] > 0, [0.8, 0.2, 0.1], [0.1, 0.2, 0.7])
    return tensor(blob), tensor(stripes)


def tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(image, np.float32)).permute(2, 0, 1)[None]


def colours(image: torch.Tensor) -> np.ndarray:
    return image[0].permute(1, 2, 0).reshape(-1, 3).clamp(0, 1).numpy()


def test_a_gram_matrix_is_the_mean_product_of_channels() -> None:
    features = torch.stack([torch.full((4, 4), 2.0), torch.arange(16.0).reshape(4, 4)])[None]
    torch.testing.assert_close(gram(features), torch.tensor([[4.0, 15.0], [15.0, 77.5]]))


def test_the_loss_of_nst_is_nothing_where_both_goals_are_met_and_counts_each_apart() -> None:
    maps = [torch.rand(1, 3, 8, 8), torch.rand(1, 5, 4, 4)]
    grams = [gram(m) for m in maps]
    assert float(nst_loss(maps, maps[-1], grams, 3.0)) == pytest.approx(0)
    assert float(nst_loss(maps, 2 * maps[-1], grams, 3.0)) == pytest.approx(0.25)  # |F - 2F|^2 / |2F|^2
    assert float(nst_loss(maps, maps[-1], [2 * g for g in grams], 3.0)) == pytest.approx(3 * 0.25)


def test_sizes_end_at_the_views_size() -> None:
    assert sizes_for(256, (64, 128, 256, 512)) == [64, 128, 256]
    assert sizes_for(200, (64, 128, 256)) == [64, 128, 200]
    assert sizes_for(32, (64,)) == [32]


@pytest.mark.parametrize("who", ["nst", "strotss"])
def test_a_rival_takes_the_styles_colours_and_keeps_the_photos_form(who: str) -> None:
    content, style = pictures()
    extractor = load_extractor("filters")

    def painted(seed: int) -> torch.Tensor:
        if who == "nst":
            return paint_nst(content, style, extractor, SMALL, ignore)
        return paint_strotss(content, style, extractor, SMALL, 0.25, seed=seed, report=ignore)

    found = painted(0)
    assert found.shape == content.shape
    before, after = (palette_distance(colours(image), colours(style)) for image in (content, found))
    assert after < 0.8 * before
    light = [image[0].mean(0).flatten().numpy() for image in (content, found)]
    assert np.corrcoef(light)[0, 1] > 0.3
    torch.testing.assert_close(painted(0), found, rtol=0, atol=0)
    if who == "strotss":
        assert not torch.equal(painted(1), found)


def scene(change: Callable[[np.ndarray], np.ndarray]) -> Scene:
    """Two mean faces, the style's changed."""
    face = mean_face()
    points = face[:, :2] * [1, -1]
    points = (points - points.mean(0)) / np.ptp(points) * 0.6 * SIZE + SIZE / 2
    fit = make_face(Fit(np.concatenate([points, -face[:, 2:]], 1), 1.0, 0.0), 1.0)
    content, style = (image[0].permute(1, 2, 0).numpy() for image in pictures())
    other = with_landmarks(fit, change(points))
    labels = np.zeros((SIZE, SIZE), np.uint8)
    labels[:, SIZE // 2 :] = 1
    return Scene(Square(content, fit), Square(style, other), labels)


def test_the_targets_of_one_face_elsewhere_are_where_it_is_already() -> None:
    source, target = keypoints(*(lambda s: (s.content, s.style))(scene(lambda p: 1.4 * p @ [[0, 1], [-1, 0]] + [5, 9])))
    np.testing.assert_allclose(target, source, atol=1e-6)
    assert len(source) == len(LANDMARKS) + 8
    source, target = keypoints(*(lambda s: (s.content, s.style))(scene(lambda p: p * [1.3, 1])))
    assert np.ptp(target[: len(LANDMARKS), 0]) > 1.1 * np.ptp(source[: len(LANDMARKS), 0])
    np.testing.assert_array_equal(target[len(LANDMARKS) :], source[len(LANDMARKS) :])


def test_dst_moves_the_landmarks_toward_the_styles_and_the_picture_with_them() -> None:
    given = scene(lambda p: p * [1.3, 1])
    content, style = pictures()
    found = paint_dst(given, content, style, load_extractor("filters"), replace(SMALL, dst_steps=60, dst_gamma=5.0),
                      0.25, seed=0, report=ignore)  # fmt: skip
    assert found.log["warp_share"] > 0.3
    _, target = keypoints(given.content, given.style)
    chosen = list(LANDMARKS)
    before = np.abs(target[: len(chosen)] - given.content.face.landmarks[chosen, :2]).mean()
    after = np.abs(target[: len(chosen)] - found.landmarks_xy[chosen]).mean()
    assert after < 0.75 * before
    assert found.picture.shape == (SIZE, SIZE, 3)
    assert set(np.unique(found.labels)) == {0, 1}
    held = paint_dst(given, content, style, load_extractor("filters"), replace(SMALL, dst_steps=60, dst_gamma=1e5),
                     0.25, seed=0, report=ignore)  # fmt: skip
    assert abs(held.log["warp_share"]) < 0.1  # a warp that may not vary does not
