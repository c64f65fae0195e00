"""Pictures of every kind come in upright as float RGB; everything else is one clear error."""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from twinbrush.base.errors import BadImage, OutputError
from twinbrush.base.image import encode_png, load_image, resize, save_png


def scene(width: int = 96, height: int = 80) -> np.ndarray:
    """A picture without any symmetry, uint8."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 // width, y * 255 // height, (x + 2 * y) % 256], axis=-1).astype(np.uint8)


def test_plain_png_is_exact(tmp_path: Path) -> None:
    Image.fromarray(scene()).save(tmp_path / "a.png")
    loaded = load_image(tmp_path / "a.png")
    assert loaded.pixels.dtype == np.float32
    np.testing.assert_array_equal(np.round(loaded.pixels * 255), scene())
    assert loaded.alpha is None
    assert loaded.notes == ()
    assert len(loaded.sha256) == 64


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientations_come_out_upright(tmp_path: Path, orientation: int) -> None:
    upright = Image.fromarray(scene())
    # What a camera stores so that the tag turns it back: the inverse of the tag's operation.
    turn = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270}
    stored = upright.transpose(turn[orientation]) if orientation in turn else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(np.round(load_image(tmp_path / "a.png").pixels * 255), scene())


def test_transparency_is_kept_apart_and_laid_over_white(tmp_path: Path) -> None:
    rgba = np.dstack([scene(), np.full((80, 96), 255, np.uint8)])
    rgba[:40, :, 3] = 0
    Image.fromarray(rgba).save(tmp_path / "a.png")
    loaded = load_image(tmp_path / "a.png")
    assert loaded.alpha is not None
    assert loaded.alpha[:40].max() == 0
    assert loaded.alpha[40:].min() == 1
    assert loaded.pixels[:40].min() == 1
    np.testing.assert_array_equal(np.round(loaded.pixels[40:] * 255), scene()[40:])
    rgba[..., 3] = 255
    Image.fromarray(rgba).save(tmp_path / "b.png")
    assert load_image(tmp_path / "b.png").alpha is None


@pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK", "LA", "YCbCr"])
def test_other_modes_become_rgb(tmp_path: Path, mode: str) -> None:
    name = "a.tif" if mode in ("CMYK", "YCbCr") else "a.png"
    Image.fromarray(scene()).convert(mode).save(tmp_path / name)
    pixels = load_image(tmp_path / name).pixels
    assert pixels.shape == (80, 96, 3)
    assert 0 <= pixels.min() < pixels.max() <= 1


def test_cmyk_colours_survive(tmp_path: Path) -> None:
    red = Image.new("CMYK", (96, 80), (0, 255, 255, 0))
    red.save(tmp_path / "a.jpg")
    loaded = load_image(tmp_path / "a.jpg")
    assert loaded.pixels[40, 48, 0] > 0.9 > 0.1 > loaded.pixels[40, 48, 1:].max()
    assert "CMYK" in loaded.notes[0]


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bit(tmp_path: Path, name: str, channels: int) -> None:
    deep = scene().astype(np.uint16) * 257
    cv2.imwrite(str(tmp_path / name), deep[..., 0] if channels == 1 else deep[..., ::-1])
    expected = np.repeat(scene()[..., :1], 3, axis=2) if channels == 1 else scene()
    np.testing.assert_allclose(load_image(tmp_path / name).pixels, expected / 255, atol=1 / 255)


def test_animation_gives_the_first_frame_and_says_so(tmp_path: Path) -> None:
    frames = [Image.fromarray(np.full((80, 96, 3), value, np.uint8)) for value in (200, 100, 0)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    loaded = load_image(tmp_path / "a.gif")
    assert abs(loaded.pixels.mean() - 200 / 255) < 0.02
    assert "only the first of its frames" in loaded.notes[0]


@pytest.mark.parametrize("name", ["a.gif", "a.tif"])
def test_frames_are_not_counted(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Millions of them can stand in a file, each found from the one before."""
    frames = [Image.fromarray(np.full((80, 96, 3), value, np.uint8)) for value in (200, 100, 0)]
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
    with Image.open(tmp_path / name) as picture:
        kind = type(picture)
    monkeypatch.setattr(kind, "n_frames", property(lambda self: pytest.fail("counted")))
    assert "only the first of its frames" in load_image(tmp_path / name).notes[0]


def test_colour_profile_is_applied(tmp_path: Path) -> None:
    lab = ImageCms.createProfile("LAB")
    to_lab = ImageCms.profileToProfile(Image.fromarray(scene()), ImageCms.createProfile("sRGB"), lab, outputMode="LAB")
    assert to_lab is not None
    to_lab.save(tmp_path / "a.tif", icc_profile=ImageCms.ImageCmsProfile(lab).tobytes())
    assert np.abs(load_image(tmp_path / "a.tif").pixels * 255 - scene()).mean() < 3


def test_large_pictures_are_reduced(tmp_path: Path) -> None:
    Image.new("RGB", (5000, 1000), (10, 200, 30)).save(tmp_path / "a.png")
    loaded = load_image(tmp_path / "a.png")
    assert loaded.pixels.shape == (819, 4096, 3)
    assert "reduced" in loaded.notes[0]


def bomb(width: int, height: int) -> bytes:
    """A PNG that says it is huge and has no pixels."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("size", "complaint"), [
    ((30000, 30000), "million pixels"), ((12000, 12000), "million pixels"), ((1, 1), "too small"),
    ((20000, 1), "too small"), ((20000, 100), "long and narrow"), ((63, 200), "too small"),
])
def test_absurd_sizes_are_refused_before_decoding(tmp_path: Path, size: tuple[int, int], complaint: str) -> None:
    (tmp_path / "a.png").write_bytes(bomb(*size))
    with pytest.raises(BadImage, match=complaint):
        load_image(tmp_path / "a.png")


def test_no_picture(tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("no picture at all")
    (tmp_path / "page.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n")
    Image.fromarray(scene()).save(tmp_path / "whole.jpg")
    data = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) - 200])
    for name, complaint in [("none.png", "no such file"), ("", "is a folder"), ("empty.png", "empty"),
                            ("text.png", "not a picture"), ("page.eps", "not a picture"), ("cut.jpg", "cut short")]:
        with pytest.raises(BadImage, match=complaint) as caught:
            load_image(tmp_path / name)
        assert caught.value.remedy
        assert str(tmp_path / name) in str(caught.value)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.gif", "a.tif", "a.webp", "a.bmp"])
def test_damaged_files_never_raise_anything_else(tmp_path: Path, name: str) -> None:
    Image.fromarray(scene()).save(tmp_path / name)
    data = bytearray((tmp_path / name).read_bytes())
    rng = np.random.default_rng(0)
    for _ in range(40):
        broken = bytearray(data)
        for position in rng.integers(4, len(data), 12):
            broken[position] = rng.integers(256)
        (tmp_path / name).write_bytes(bytes(broken[: rng.integers(len(data) // 2, len(data))]))
        with contextlib.suppress(BadImage):
            assert np.isfinite(load_image(tmp_path / name).pixels).all()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root and Windows read everything")
def test_unreadable(tmp_path: Path) -> None:
    save_png(tmp_path / "a.png", scene() / 255.0)
    (tmp_path / "a.png").chmod(0)
    with pytest.raises(BadImage, match="permission"):
        load_image(tmp_path / "a.png")


def test_save_png_round_trip_and_same_bytes(tmp_path: Path) -> None:
    image = (scene() / 255.0).astype(np.float32)
    save_png(tmp_path / "new" / "a.png", image)
    np.testing.assert_array_equal(load_image(tmp_path / "new" / "a.png").pixels, image)
    assert encode_png(image) == encode_png(image) == (tmp_path / "new" / "a.png").read_bytes()
    assert os.listdir(tmp_path / "new") == ["a.png"]
    with pytest.raises(ValueError, match="NaN"):
        encode_png(np.full((8, 8), np.nan))


def test_save_png_onto_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    with pytest.raises(OutputError, match="in the way"):
        save_png(tmp_path / "a.png", scene() / 255.0)
    assert os.listdir(tmp_path) == ["a.png"]


def test_resize_keeps_means_and_range() -> None:
    image = (scene() / 255.0).astype(np.float32)
    np.testing.assert_allclose(resize(image, 48, 40).mean((0, 1)), image.mean((0, 1)), atol=1e-5)
    large = resize(image, 200, 150)
    assert large.shape == (150, 200, 3)
    assert large.min() >= image.min()
    assert large.max() <= image.max()
    assert resize(image[..., 0], 48, 40).shape == (40, 48)
