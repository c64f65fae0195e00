"""Makes the zip that Blender installs: `python integrations/blender/pack.py dist/twinbrush_blender.zip`."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

ADDON = Path(__file__).parent / "twinbrush_blender"
WANTED = (".py", ".toml")


def pack(target: Path) -> Path:
    """Write the add-on as an extension: its files at the zip's root, in order, always the same bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in ADDON.iterdir() if path.suffix in WANTED):
            archive.writestr(zipfile.ZipInfo(path.name), path.read_bytes())
        archive.writestr(zipfile.ZipInfo("LICENSE"), (ADDON.parents[2] / "LICENSE").read_bytes())
    return target


if __name__ == "__main__":
    print(pack(Path(sys.argv[1])))
