"""The bundled example: NASA's portrait of astronaut Eileen Collins (public domain, comes with scikit-image) and the
style portraits that examples/paint_styles.py has painted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from twinbrush.base.errors import BadOption
from twinbrush.base.image import save_png
from twinbrush.base.progress import Progress, ignore
from twinbrush.config import Config
from twinbrush.road.pipeline import Result, stylize_files

STYLES = Path(__file__).parent / "demo_styles"


def bundled_styles() -> dict[str, Path]:
    """Name -> PNG of every bundled style portrait."""
    return {path.stem: path for path in sorted(STYLES.glob("*.png"))}


def write_photo(folder: Path) -> Path:
    """Write the demo's photo as PNG and return its path."""
    from skimage import data

    return save_png(folder / "astronaut.png", data.astronaut().astype("float32") / 255)


def run(out: Path, style: str, config: Config, *, progress: Progress = ignore) -> Iterator[Result]:
    """Stylize the demo's photo with one bundled style, or with `all`; each into its own folder below `out`."""
    styles = bundled_styles()
    if style != "all" and style not in styles:
        raise BadOption(f"--style {style}: no such bundled style.", f"Choose one of {', '.join(styles)}, all.")
    photo: Path | None = None
    for name, path in styles.items():
        if style in (name, "all"):
            photo = photo or write_photo(out)
            yield stylize_files(photo, path, out / name, config, progress=progress)
