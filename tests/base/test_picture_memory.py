"""What is accepted stays below 1.2 GB, libraries and all: JPEG is decoded at a reduced size, the rest is limited."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from twinbrush.base.errors import BadImage
from twinbrush.base.image import MAX_BYTES, MAX_COPIED_PIXELS, MAX_JPEG_BYTES, MAX_WHOLE_PIXELS, load_image

MOST_KB = 1_200_000
CODE = (
    "import sys\nfrom twinbrush.app import commands\nfrom twinbrush.base.image import load_image\n"
    "picture = load_image(sys.argv[1])\nprint(*picture.pixels.shape[:2], *picture.notes, sep='|')\n"
    # Not ru_maxrss: that begins with what the test process itself had when it forked.
    "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
)
pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux' /proc")


def _measured(path: Path) -> tuple[str, int]:
    done = subprocess.run([sys.executable, "-c", CODE, str(path)], capture_output=True, text=True, check=True)
    said, memory = done.stdout.splitlines()
    return said, int(memory)


def _large(mode: str, width: int, height: int) -> Image.Image:
    """Stripes, cheap to encode."""
    return Image.new(mode, (width, height)) if mode in ("F", "I;16") else Image.new(mode, (width, height), 90)


def test_a_jpeg_of_a_hundred_million_pixels_is_decoded_small(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # stands on its side
    _large("L", 10_000, 9_900).save(path, exif=exif.tobytes())
    said, memory = _measured(path)
    assert said == "4096|4055|large.jpg: reduced from 10000 x 9900 to 4096 x 4055"
    assert memory < MOST_KB


def test_other_formats_have_a_limit_that_is_told(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    side = int(MAX_WHOLE_PIXELS**0.5) + 1
    Image.new("1", (side, side)).save(path)
    with pytest.raises(BadImage, match=r"more than 50 million pixels\. Reduce it first, or save it as JPEG"):
        load_image(path)


def test_decoders_that_hold_several_copies_have_a_lower_limit(tmp_path: Path) -> None:
    path = tmp_path / "large.webp"
    _large("L", 6000, MAX_COPIED_PIXELS // 6000 + 1).save(path, method=0)
    with pytest.raises(BadImage, match=r"more than 30 million pixels\. Reduce it first, or save it as JPEG"):
        load_image(path)


def test_a_small_jpeg_in_a_large_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    _large("L", 100, 100).save(path)
    with path.open("ab") as stream:
        stream.truncate(MAX_JPEG_BYTES + 1)
    with pytest.raises(BadImage, match=r"larger than 134 MB\. Reduce it first"):
        load_image(path)


@pytest.mark.parametrize("mode", ["RGBA", "P", "I;16", "LA"])
def test_reduced_pictures_keep_their_mode(mode: str, tmp_path: Path) -> None:
    pixels = np.zeros((100, 5000), np.uint16 if mode == "I;16" else np.uint8)
    pixels[:, 2500:] = 65535 if mode == "I;16" else 255
    picture = Image.fromarray(pixels) if mode == "I;16" else Image.fromarray(pixels).convert(mode)
    picture = picture.resize((5000, 600), Image.Resampling.NEAREST)
    path = tmp_path / "a.png"
    picture.save(path)
    read = load_image(path)
    assert read.pixels.shape == (492, 4096, 3)
    assert read.pixels[:, :2000].max() < 0.02
    assert read.pixels[:, 2100:].min() > 0.98
    assert any("reduced from 5000 x 600" in note for note in read.notes)


CASES: list[tuple[str, str, dict[str, object]]] = [
    ("a.png", "RGBA", {"compress_level": 0}), ("p.png", "P", {"compress_level": 0}), ("a.tif", "CMYK", {}),
    ("f.tif", "F", {}), ("strip.tif", "RGBA", {"compression": "tiff_lzw", "tiffinfo": {278: 7070}}),
    ("i.png", "I;16", {"compress_level": 0}), ("a.gif", "P", {}), ("a.bmp", "RGBA", {}),
    ("a.jp2", "RGBA", {}), ("a.avif", "RGBA", {}), ("a.webp", "RGBA", {"lossless": True, "method": 0}),
    ("progressive.jpg", "CMYK", {"progressive": True, "subsampling": 0}),
]  # fmt: skip
SIZES = {"jpg": (10_000, 9_900), "jp2": (5_470, 5_480), "avif": (5_470, 5_480), "webp": (5_470, 5_480)}


@pytest.mark.long
@pytest.mark.parametrize("padded", [False, True])  # as large a file as is taken
@pytest.mark.parametrize(("name", "mode", "options"), CASES)
def test_every_accepted_picture_stays_below_the_limit(
    name: str, mode: str, options: dict[str, object], padded: bool, tmp_path: Path
) -> None:
    path = tmp_path / name
    _large(mode, *SIZES.get(path.suffix[1:], (7_060, 7_070))).save(path, **options)
    if padded:
        with path.open("ab") as stream:
            stream.truncate(max(path.stat().st_size, MAX_JPEG_BYTES if name.endswith("jpg") else MAX_BYTES))
    said, memory = _measured(path)
    print(name, mode, "padded" * padded, said, f"{memory / 1e6:.2f} GB")
    assert memory < MOST_KB
