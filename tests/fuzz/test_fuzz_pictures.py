"""Damaged pictures of every format that is read: refused in one line, or read; never anything else."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from mutations import COUNT, SEED, Budget, mutated
from PIL import Image, features

from twinbrush.base.errors import BadImage
from twinbrush.base.image import load_image

SHORT, LONG = 250, 20_000


def corpus() -> dict[str, bytes]:
    """Small pictures in all formats and modes."""
    rng = np.random.default_rng(7)
    rgb = Image.fromarray(np.repeat(np.repeat(rng.integers(0, 256, (9, 10, 3), np.uint8), 8, 0), 8, 1))
    alpha = rgb.copy()
    alpha.putalpha(rgb.getchannel("R"))
    wide = Image.fromarray((np.asarray(rgb.convert("L"), np.uint16) * 257).astype(np.uint16))
    out: dict[str, bytes] = {}

    def add(name: str, picture: Image.Image, kind: str, **options: object) -> None:
        stream = io.BytesIO()
        picture.save(stream, kind, **options)  # type: ignore[reportArgumentType]
        out[name] = stream.getvalue()

    exif = Image.Exif()
    exif[0x0112] = 6
    for mode in ("RGB", "L", "P", "1"):
        add(f"{mode}.png", rgb.convert(mode), "PNG")
    add("rgba.png", alpha, "PNG")
    add("wide.png", wide, "PNG")
    add("a.jpg", rgb, "JPEG", exif=exif.tobytes())
    add("progressive.jpg", rgb, "JPEG", progressive=True)
    add("cmyk.jpg", rgb.convert("CMYK"), "JPEG")
    add("two.mpo", rgb, "MPO", save_all=True, append_images=[rgb])
    for name in ("raw", "tiff_lzw", "tiff_deflate", "packbits", "jpeg"):
        add(f"{name}.tif", rgb, "TIFF", compression=name)
    add("float.tif", rgb.convert("F"), "TIFF")
    add("pages.tif", rgb, "TIFF", save_all=True, append_images=[rgb])
    add("a.bmp", rgb, "BMP")
    add("palette.bmp", rgb.convert("P"), "BMP")
    add("film.gif", rgb, "GIF", save_all=True, append_images=[rgb.rotate(90)])
    add("a.ppm", rgb, "PPM")
    add("a.pgm", rgb.convert("L"), "PPM")
    add("a.webp", rgb, "WEBP")
    add("alpha.webp", alpha, "WEBP", lossless=True)
    if features.check("jpg_2000"):
        add("a.jp2", rgb, "JPEG2000")
    if features.check("avif"):
        add("a.avif", rgb, "AVIF")
        add("film.avif", rgb, "AVIF", save_all=True, append_images=[rgb.rotate(90)])
    return out


def _fuzz(count: int, seed: int, folder: Path) -> Budget:
    files, budget = list(corpus().items()), Budget()
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        name, data = files[number % len(files)]
        path = folder / f"damaged{Path(name).suffix}"
        path.write_bytes(mutated(data, rng, text=name.endswith(("ppm", "pgm"))))

        def read(path: Path = path) -> None:
            picture = load_image(path)
            assert np.isfinite(picture.pixels).all()
            assert picture.pixels.min() >= 0
            assert picture.pixels.max() <= 1

        budget.spend(read, (BadImage,), f"{name}, seed {seed}, number {number}")
    return budget


def test_undamaged_pictures_are_all_read(tmp_path: Path) -> None:
    for name, data in corpus().items():
        (tmp_path / name).write_bytes(data)
        assert load_image(tmp_path / name).pixels.shape[2] == 3


def test_damaged_pictures(tmp_path: Path) -> None:
    budget = _fuzz(SHORT, 1, tmp_path)
    assert not budget.faults
    assert budget.refused > SHORT // 4


@pytest.mark.long
def test_many_damaged_pictures(tmp_path: Path) -> None:
    budget = _fuzz(COUNT or LONG, SEED or 1001, tmp_path)
    budget.checked()
