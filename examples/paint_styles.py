"""Paint the demo's style portraits: `python examples/paint_styles.py`.

Deterministic: every picture has its seed. `--only ink --size 384` paints one of them small.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent))

from painting import ink, mosaic, oil, pastel, sitters, woodcut
from painting.anatomy import outline, to_head
from painting.study import build_study
from painting.values import frame_of

# They are part of the package, so that `twinbrush demo` finds them in any installation.
STYLES_FOLDER = Path(__file__).resolve().parents[1] / "src" / "twinbrush" / "app" / "demo_styles"

STYLES = {
    "oil": (sitters.clara, oil.paint, 5),
    "ink": (sitters.bruno, ink.paint, 5),
    "mosaic": (sitters.teodora, mosaic.paint, 5),
    "woodcut": (sitters.mina, woodcut.paint, 5),
    "pastel": (sitters.amara, pastel.paint, 5),
}


def paint(name: str, size: int = 768) -> np.ndarray:
    """One portrait as (size, size, 3) uint8 RGB."""
    sitter, medium, seed = STYLES[name]
    picture = medium(build_study(sitter(), size), seed)
    return np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def drawn_features(name: str, size: int = 768) -> tuple[np.ndarray, np.ndarray]:
    """Where the two irises (2, 2) and the middle of the mouth (2,) were drawn, in pixels (x, y)."""
    sitter = STYLES[name][0]()
    shape, frame = sitter.shape, frame_of(sitter, size)
    points = np.array([(-shape.eye_u, shape.eye_v), (shape.eye_u, shape.eye_v), (0.0, shape.mouth_v)])
    pixels = frame.pixels(to_head(points, shape, outline(shape)))
    return pixels[:2], pixels[2]


def main() -> None:
    """Parse the command line and write `<name>.png` for every style."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--out", type=Path, default=STYLES_FOLDER)
    parser.add_argument("--size", type=int, default=768, help="pixels on a side")
    parser.add_argument("--only", choices=sorted(STYLES), action="append", help="paint only this one (may be repeated)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.only or STYLES:
        path = options.out / f"{name}.png"
        Image.fromarray(paint(name, options.size)).save(path, optimize=True)
        print(f"{path}  {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
