"""Pictures and heads the wrong way up are turned, and that is said; what is doubtful is refused."""

from __future__ import annotations

from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from jaxtyping import Float

from twinbrush.app import demo
from twinbrush.base.errors import FaceUnusable, ModelFileError
from twinbrush.base.image import load_image, save_png
from twinbrush.base.models import ensure_models
from twinbrush.config import FaceConfig, PortraitConfig
from twinbrush.meshes.orient import axes, face_axes
from twinbrush.regions.inputs import read_input, upright_turn


@pytest.fixture
def photo(tmp_path: Path) -> Float[np.ndarray, "h w 3"]:
    try:
        ensure_models()
    except ModelFileError as error:
        pytest.skip(str(error))
    return load_image(demo.write_photo(tmp_path)).pixels


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_turned_photo_is_turned_back_with_its_mask(
    quarters: int, photo: Float[np.ndarray, "h w 3"], tmp_path: Path
) -> None:
    upright_mask = np.zeros(photo.shape[:2], np.float32)
    upright_mask[40:, 100:400] = 1
    path = save_png(tmp_path / "turned.png", np.rot90(photo, -quarters))
    mask = save_png(tmp_path / "mask.png", np.rot90(upright_mask, -quarters))
    given = read_input(path, FaceConfig(mask=mask), PortraitConfig(), art=False)
    np.testing.assert_array_equal(given.picture.pixels, photo)
    assert given.mask is not None
    np.testing.assert_array_equal(given.mask > 0.5, upright_mask > 0.5)
    assert abs(np.degrees(given.face.roll_radians)) < 20
    notes = [warning for warning in given.warnings if "so that the face is upright" in warning]
    assert len(notes) == (quarters > 0)
    assert all(note.startswith("turned.png: turned by ") for note in notes)


def test_where_the_user_says_where_the_face_is_nothing_is_turned(photo: Float[np.ndarray, "h w 3"]) -> None:
    turned = np.ascontiguousarray(np.rot90(photo, 2))
    assert upright_turn(turned, FaceConfig(), where="a") == 2
    assert upright_turn(turned, FaceConfig(box=(0.0, 0.0, 9.0, 9.0)), where="a") == 0


def test_a_doubtful_turn_is_refused(photo: Float[np.ndarray, "h w 3"]) -> None:
    both = np.concatenate([photo, np.rot90(photo, 2)], axis=1)  # one upright, one upside down
    assert upright_turn(both, FaceConfig(), where="a") == 0
    sideways = np.concatenate([np.rot90(photo, 1), np.rot90(photo, 3)], axis=1)
    with pytest.raises(FaceUnusable, match="doubtful"):
        upright_turn(np.ascontiguousarray(sideways), FaceConfig(), where="a")


def test_the_24_ways_a_mesh_can_lie_are_told_by_its_face() -> None:
    names = ["x", "-x", "y", "-y", "z", "-z"]
    ways = [(up, forward) for up, forward in permutations(names, 2) if up[-1] != forward[-1]]
    assert len(ways) == 24
    tilt = axes("y", "z") @ np.array([[1, 0, 0], [0, 0.96, -0.28], [0, 0.28, 0.96]])  # a face that looks up a little
    for (up, forward), (placed_up, placed_forward) in product(ways, [("y", "z"), ("z", "-y")]):
        to_world, to_portrait = np.eye(4), np.eye(4)
        to_world[:3, :3] = 3 * axes(placed_up, placed_forward)
        to_portrait[:3, :3] = 0.5 * tilt @ axes(up, forward) @ axes(placed_up, placed_forward).T
        found = face_axes(to_world, to_portrait)
        assert found == (None if up == placed_up else (up, forward))
