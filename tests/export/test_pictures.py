"""Stills and sheet."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from twinbrush.camera import project
from twinbrush.errors import OutputError
from twinbrush.export.sheet import contact_sheet, write_sheet
from twinbrush.export.stills import framed_cameras, write_stills
from twinbrush.export.surface import photo_bytes
from twinbrush.image import encode_png
from twinbrush.mesh import Mesh


def test_cameras_show_the_whole_portrait_as_large_as_possible(bust: Mesh) -> None:
    reaches = []
    for camera in framed_cameras(bust, (-30, 0, 30), 200):
        pixels, depth = project(camera, bust.vertices)
        assert depth.min() > 0
        assert pixels.min() > 0
        assert pixels.max() < 199
        reaches.append(np.abs(pixels - 99.5).max())
    assert max(reaches) == pytest.approx(0.88 * 100, rel=1e-6)


def test_sheet_keeps_every_picture_in_shape(tmp_path: Path) -> None:
    circle = np.zeros((300, 200, 3), np.float32)
    ys, xs = np.mgrid[:300, :200]
    circle[(xs - 100) ** 2 + (ys - 150) ** 2 < 80**2] = (1, 0, 0)
    sheet = contact_sheet([[("a", circle), ("b", np.ones((100, 100, 3), np.float32))], [("c", circle)]], 600)
    assert sheet.shape[1] == 600
    red = (sheet[..., 0] > 0.8) & (sheet[..., 1] < 0.2)
    rows = np.flatnonzero(red[:, :300].any(1))
    first = red[rows[0] : rows[0] + 200, :300]
    height, width = (np.ptp(np.flatnonzero(first.any(axis))) for axis in (1, 0))
    assert height == pytest.approx(width, abs=2)
    path = write_sheet(sheet, tmp_path / "sheet.png")
    assert Image.open(io.BytesIO(path.read_bytes())).size == (600, sheet.shape[0])


def test_very_wide_pictures_are_cropped_not_squeezed() -> None:
    wide = np.zeros((100, 600, 3), np.float32)
    ys, xs = np.mgrid[:100, :600]
    wide[(xs - 300) ** 2 + (ys - 50) ** 2 < 40**2] = (1, 0, 0)
    sheet = contact_sheet([[("a", wide)]], 900)
    red = np.argwhere((sheet[..., 0] > 0.8) & (sheet[..., 1] < 0.2))
    height, width = np.ptp(red, axis=0)
    assert height == pytest.approx(width, abs=3)


def test_one_pixel_pictures_do_not_break_the_sheet() -> None:
    pictures = [np.zeros((height, width, 3), np.float32) for height, width in ((1, 1), (1, 900), (900, 1))]
    assert contact_sheet([[("", picture) for picture in pictures]]).any()


@pytest.mark.parametrize("channels", [3, 4])
def test_png_is_lossless(channels: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (17, 31, channels), dtype=np.uint8)
    data = encode_png(pixels)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), pixels)
    assert data == encode_png(pixels / np.float32(255))


def test_jpeg_is_close() -> None:
    ramp = np.linspace(0, 1, 64 * 64 * 3, dtype=np.float32).reshape(64, 64, 3)
    read = np.asarray(Image.open(io.BytesIO(photo_bytes(ramp, 90)))) / 255
    assert np.abs(read - ramp).mean() < 0.02


def test_unwritable_folder_is_told(bust: Mesh, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="in the way"):
        write_stills({"a": bust.texture}, tmp_path / "file")
