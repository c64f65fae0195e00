"""The judging networks: their arithmetic, their files, and that they tell one face and one style from another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from twinbrush.base.errors import ModelFileError
from twinbrush.evaluate import embedders, judges
from twinbrush.evaluate.texture import statistics, texture_distance


def small_tensors() -> dict[str, torch.Tensor]:
    """Weights of the network's shape, made up."""
    generator = torch.Generator().manual_seed(0)
    out: dict[str, torch.Tensor] = {}

    def norm(name: str, width: int) -> None:
        out[f"{name}.weight"], out[f"{name}.bias"] = torch.ones(width), torch.zeros(width)
        out[f"{name}.running_mean"], out[f"{name}.running_var"] = torch.zeros(width), torch.ones(width)

    out["_conv_stem.weight"] = torch.randn(8, 3, 3, 3, generator=generator) * 0.3
    norm("_bn0", 8)
    width = 8
    for number, (kernel, stride) in enumerate(judges._BLOCKS):
        wide, narrow = (width if number == 0 else 2 * width), (width if stride == 1 and number else width + 4)
        if number:
            out[f"_blocks.{number}._expand_conv.weight"] = torch.randn(wide, width, 1, 1, generator=generator) * 0.3
            norm(f"_blocks.{number}._bn0", wide)
        out[f"_blocks.{number}._depthwise_conv.weight"] = torch.randn(wide, 1, kernel, kernel, generator=generator)
        norm(f"_blocks.{number}._bn1", wide)
        out[f"_blocks.{number}._project_conv.weight"] = torch.randn(narrow, wide, 1, 1, generator=generator) * 0.3
        norm(f"_blocks.{number}._bn2", narrow)
        width = narrow
    return out


def test_the_second_judge_has_the_published_strides_and_reads_its_file(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save(small_tensors(), path)
    maps = judges.lite0(path)(np.random.default_rng(0).random((65, 96, 3)).astype(np.float32))
    assert [m.shape[1:] for m in maps] == [(33, 48), (33, 48), (17, 24), (9, 12), (5, 6)]
    assert all(np.isfinite(m).all() for m in maps)


def test_a_wrong_file_is_told_with_its_remedy(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(ModelFileError, match="evaluate"):
        judges.lite0(path)
    torch.save({"other": torch.zeros(2)}, path)
    with pytest.raises(ModelFileError, match="does not hold"):
        judges.lite0(path)
    with pytest.raises(ModelFileError, match="evaluate"):
        judges.lite0(tmp_path / "none.pth")
    pytest.importorskip("dlib", reason="the extra `evaluate` is not installed")
    with pytest.raises(ModelFileError, match="evaluate"):
        embedders.dlib_embedder(tmp_path / "none.dat")


def test_an_aligned_face_has_its_eyes_at_their_places_whatever_the_pose() -> None:
    y, x = np.mgrid[:200, :200]

    def picture(right: tuple[float, float], left: tuple[float, float]) -> np.ndarray:
        spots = sum(np.exp(-((x - a) ** 2 + (y - b) ** 2) / 50) for a, b in (right, left))
        return np.repeat(spots[..., None], 3, 2).astype(np.float32)

    for right, left in (((130.0, 90.0), (70.0, 90.0)), ((120.0, 60.0), (60.0, 100.0))):
        points = np.array([right, right, left, left, (100, 130)])
        chip = embedders.aligned_face(picture(right, left), points)[..., 0]
        for column in (0.32, 0.68):
            spot = chip[40:75, round(column * 150) - 15 : round(column * 150) + 15]
            row, place = np.argwhere(spot == spot.max()).mean(0)
            assert abs(row + 40 - 57) <= 2
            assert abs(place - 15) <= 2


def test_distances_leave_out_faces_that_were_not_found() -> None:
    one, other = np.zeros(4), np.array([3.0, 4, 0, 0])
    found = embedders.distances([one, None], [other, one])
    np.testing.assert_array_equal(found[0], [5, 0])
    assert np.isnan(found[1]).all()


def test_both_judges_tell_the_styles_of_two_halves(shared_data: Path) -> None:
    """Two halves of one painting lie nearer to each other than to another painting."""
    from twinbrush.base.image import load_image, resize

    pytest.importorskip(judges.LITE0_PACKAGE, reason="the extra `evaluate` is not installed")
    nets = [judges.vgg19(shared_data / "vgg19_conv1-3.safetensors"), judges.lite0()]
    pictures = [resize(load_image(shared_data / "styles" / name).pixels, 192, 192)
                for name in ("ukiyoe_1.png", "starry_night_no_face.jpg")]
    left = np.zeros((192, 192), bool)
    left[:, :96] = True
    for net in nets:
        maps = [net(picture) for picture in pictures]
        same = texture_distance(statistics(maps[0], ~left), statistics(maps[0], left))
        other = texture_distance(statistics(maps[1], left), statistics(maps[0], left))
        assert same < other


def test_embedders_know_a_person_again_in_another_light(shared_data: Path) -> None:
    from twinbrush.base.image import load_image

    pytest.importorskip("dlib", reason="the extra `evaluate` is not installed")
    photos = [load_image(shared_data / "photos" / f"{name}.jpg").pixels for name in ("00016", "41_0129")]
    again = np.clip(photos[0][:, ::-1] * 0.7 + 0.1, 0, 1)  # in a mirror, darker, duller
    embedder = embedders.dlib_embedder()
    found = embedders.distances([embedder(np.ascontiguousarray(again))], [embedder(photo) for photo in photos])[0]
    assert found[0] < 0.5 < 0.6 < found[1]
    once, twice = (embedder(photos[0]) for _ in range(2))
    np.testing.assert_array_equal(once, twice)
    assert embedder(np.full((128, 128, 3), 0.5, np.float32)) is None
