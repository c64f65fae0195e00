"""Objects and styles: every source in its turn, what was given up is told, and the best view is the one that fits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from animals import ANIMAL, animal, bent, chained, identity, mask_of, mirror, turned
from twinbrush.align.objects.foreground import foreground
from twinbrush.align.objects.matches import Matches
from twinbrush.align.objects.matching import best_view, match_object
from twinbrush.align.objects.pairs import UserPairs
from twinbrush.base.errors import BadMask
from twinbrush.base.image import load_image
from twinbrush.config import ObjectConfig

CONFIG = ObjectConfig()
BEND = chained(bent(6), turned(12, 0.8, (15, 5)))


def picture(mask: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (np.where(mask[..., None], [0.6, 0.3, 0.2], 0.8) + 0.1 * rng.random((*mask.shape, 3))).astype(np.float32)


def match(content: np.ndarray, style: np.ndarray, config: ObjectConfig = CONFIG, **options) -> Matches:
    return match_object(picture(content), content, picture(style), style, config, **options)


def disc() -> np.ndarray:
    ys, xs = np.mgrid[:200, :240]
    return np.hypot(xs - 120, ys - 90) < 70


def no_features(image: np.ndarray) -> list[np.ndarray]:
    """Deep, and the same everywhere: there is nothing to match."""
    return [np.ones((3, 224, 224), np.float32), np.ones((4, 14, 14), np.float32)]


def test_silhouettes_give_true_pairs_and_the_way_back() -> None:
    found = match(animal(), animal(BEND))
    assert found.source == "contours"
    assert not found.mirrored
    assert found.warnings == ()
    assert 20 <= len(found) <= CONFIG.keypoint_count
    assert np.median(np.linalg.norm(BEND(found.content_xy) - found.style_xy, axis=1)) < 3
    assert np.linalg.norm(found.target_xy - found.content_xy, axis=1).mean() < 20  # bent, and 12 degrees of tilt


def test_a_similarity_leaves_the_shape_as_it_is() -> None:
    for degrees in (0, -25):
        found = match(animal(), animal(turned(degrees, 0.7, (10, 20))))
        assert np.linalg.norm(found.target_xy - found.content_xy, axis=1).mean() < 2.5


def test_a_small_tilt_of_the_fit_is_no_tilt_of_the_object() -> None:
    for where in (BEND, chained(bent(6), turned(-8, 0.7))):
        matrix = match(animal(), animal(where)).style_to_content[:, :2]
        assert matrix[0, 1] == matrix[1, 0] == 0
        assert matrix[0, 0] == matrix[1, 1] > 0


def test_a_mirrored_style_is_noticed_unless_that_is_forbidden() -> None:
    found = match(animal(), animal(mirror))
    assert found.mirrored
    assert np.linalg.det(found.style_to_content[:, :2]) < 0
    assert np.median(np.linalg.norm(mirror(found.content_xy) - found.style_xy, axis=1)) < 3
    assert np.linalg.norm(found.target_xy - found.content_xy, axis=1).mean() < 2.5
    assert not match(animal(), animal(mirror), replace(CONFIG, mirror_style=False)).mirrored


def test_interior_pairs_on_request() -> None:
    found = match(animal(), animal(BEND), replace(CONFIG, interior_keypoints=8))
    assert len(match(animal(), animal(BEND))) + 4 < len(found)
    assert np.linalg.norm(BEND(found.content_xy[-6:]) - found.style_xy[-6:], axis=1).max() < 6


def test_a_style_without_the_objects_silhouette_leaves_the_shape_and_says_so() -> None:
    found = match(animal(), disc())
    assert found.source == "ellipse"
    assert len(found.warnings) == 1
    assert np.allclose(found.target_xy, found.content_xy)
    middle = found.style_xy.mean(0)
    assert np.linalg.norm(middle - [120, 90]) < 12
    forced = match(animal(), disc(), replace(CONFIG, keypoints="contours"))
    assert forced.source == "contours"
    assert any("look at the matched points" in warning for warning in forced.warnings)


def test_the_users_pairs_are_taken_as_they_are() -> None:
    content = ANIMAL[::3] + 0.0
    pairs = UserPairs(content, BEND(content))
    found = match(animal(), animal(BEND), user_pairs=pairs, features=no_features)
    assert found.source == "user"
    assert np.array_equal(found.content_xy, content)
    assert np.array_equal(found.style_xy, pairs.style_xy)
    assert (found.confidence == 1).all()
    assert found.warnings == ()


def test_crossing_pairs_of_the_user_are_left_out_by_number() -> None:
    content = ANIMAL[::2] + 0.0
    style = content.copy()
    style[[3, 5]] = style[[5, 3]]
    found = match(animal(), animal(), user_pairs=UserPairs(content, style))
    assert len(found) < len(content)
    assert any(("4" in warning or "6" in warning) and "left out" in warning for warning in found.warnings)


def test_the_users_pairs_may_mirror() -> None:
    content = ANIMAL[::2] + 0.0
    found = match(animal(), animal(mirror), user_pairs=UserPairs(content, mirror(content)))
    assert found.mirrored
    assert len(found) == len(content)
    assert np.allclose(found.target_xy, found.content_xy)


def test_buddies_without_weights_are_told_and_replaced() -> None:
    found = match(animal(), animal(), replace(CONFIG, keypoints="buddies"))
    assert found.source == "contours"
    assert "weights" in found.warnings[0]


def test_too_few_buddies_are_told_and_replaced() -> None:
    found = match(animal(), animal(), features=no_features)
    assert found.source == "contours"
    assert "found 0 pairs" in found.warnings[0]


def test_buddies_are_asked_when_their_features_are_deep_or_when_told_to() -> None:
    def deep(image: np.ndarray) -> list[np.ndarray]:
        maps = [image.transpose(2, 0, 1)]
        for size in (56, 28):
            maps.append(cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA).transpose(2, 0, 1))
        return maps

    def shallow(image: np.ndarray) -> list[np.ndarray]:
        return deep(image)[:2]

    few = replace(CONFIG, least_keypoints=4)
    assert match(animal(), animal(), few, features=deep).source == "buddies"
    assert match(animal(), animal(), few, features=shallow).source == "contours"
    assert match(animal(), animal(), replace(few, keypoints="buddies"), features=shallow).source == "buddies"
    assert match(animal(), animal(), replace(few, keypoints="contours"), features=deep).source == "contours"


def test_buddies_of_a_mirrored_style_are_found_in_the_mirror() -> None:
    from test_buddies import edges

    content = animal()
    image = picture(content)
    found = match_object(
        image, content, np.ascontiguousarray(image[:, ::-1]), content[:, ::-1],
        replace(CONFIG, keypoints="buddies"), features=edges,
    )
    assert found.source == "buddies"
    assert found.mirrored
    assert np.median(np.linalg.norm(found.style_xy - mirror(found.content_xy), axis=1)) < 2


def test_the_best_view_is_the_one_that_looks_like_the_style() -> None:
    size = (300, 340)
    views = np.stack([animal(where, size) for where in (turned(90, 0.7), bent(20), identity, mirror)])
    found = best_view(views, animal(turned(8, 0.8), size), CONFIG)
    assert found.index == 2
    assert not found.mirrored
    assert found.alike
    assert found.costs.shape == (4, 2)
    only = best_view(views[[0, 3]], animal(turned(8, 0.8), size), CONFIG)
    assert (only.index, only.mirrored) == (1, True)


def test_a_style_without_features_chooses_no_view() -> None:
    assert not best_view(animal()[None], disc(), CONFIG).alike
    blobs = best_view(disc()[None], disc(), CONFIG)
    assert blobs.cost < 0.01
    assert not blobs.alike


def test_another_shape_with_corners_leaves_the_shape_too() -> None:
    angle = 2 * np.pi * np.arange(10) / 10
    radius = np.where(np.arange(10) % 2, 90, 30)
    star = mask_of(np.stack([140 + radius * np.sin(angle), 110 - radius * np.cos(angle)], axis=1))
    found = match(animal(), star)
    assert found.source == "ellipse"
    assert "not like" in found.warnings[0]


def test_a_narrow_view_tilted_is_not_taken_for_a_broad_style() -> None:
    """The object from behind, leaning: by its outline alone it may look like the style's side."""
    size = (320, 360)
    side, style = animal(identity, size), animal(bent(9), size)
    leaning = animal(chained(bent(9), turned(-30, 0.9)), size)
    assert best_view(np.stack([leaning, side]), style, CONFIG).index == 1


def test_views_that_miss_the_object_are_passed_over() -> None:
    views = np.stack([np.zeros(animal().shape, bool), animal()])
    assert best_view(views, animal(), CONFIG).index == 1
    with pytest.raises(BadMask, match="none of the views"):
        best_view(views[:1], animal(), CONFIG)


def test_the_rabbit_of_clay_matches_the_painted_rabbit(shared_data: Path) -> None:
    """Photo against painting: ear to ear, nose to nose, tail to rump, feet to feet."""
    images = [load_image(shared_data / "objects" / f"rabbit_{kind}.jpg").pixels for kind in ("content", "style")]
    masks = [foreground(image).mask for image in images]
    found = match_object(images[0], masks[0], images[1], masks[1], CONFIG)
    assert found.source == "contours"
    for content, style in (((250, 50), (275, 48)), ((68, 175), (100, 150)), ((128, 350), (195, 340))):
        nearest = int(np.linalg.norm(found.content_xy - content, axis=1).argmin())
        assert np.linalg.norm(found.content_xy[nearest] - content) < 25
        assert np.linalg.norm(found.style_xy[nearest] - style) < 40
