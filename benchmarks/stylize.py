"""The whole command, stage by stage: CPU-seconds, wall seconds, peak memory; presets against each other in one run.

    python benchmarks/stylize.py [PHOTO STYLE] [--presets fast default fine] [--repeat 1]

Without PHOTO and STYLE the bundled demo pair is used. Each preset runs as its own process into an empty folder (nothing
is resumed), after one unmeasured warm-up that fills numba's on-disk cache, as on any machine after the first use.
Compared with what: presets with each other, and with the paper's 156.3 s wall on an RTX 3080 for one 512 x 512 pair.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def _inputs(photo: Path | None, style: Path | None, folder: Path) -> tuple[Path, Path]:
    if photo is not None and style is not None:
        return photo, style
    from twinbrush.app import demo

    return demo.write_photo(folder), demo.bundled_styles()["oil"]


def _measure(photo: Path, style: Path, preset: str, out: Path) -> dict[str, object]:
    """Run the command once. The child's own CPU time comes from wait4, so children of earlier runs do not count."""
    command = [sys.executable, "-m", "twinbrush.app.cli", "stylize", str(photo), str(style), "-o", str(out)]
    started = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--preset", preset], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    first_line = process.stderr.readline()
    startup = time.perf_counter() - started
    rest = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{preset}: {first_line}{rest}")
    manifest = json.loads((out / "manifest.json").read_text())
    return {
        "cpu": usage.ru_utime + usage.ru_stime,
        "wall": time.perf_counter() - started,
        "peak_gb": usage.ru_maxrss / 1024**2,
        "startup": startup,
        "stages": manifest["volatile"]["timings"],
        "consistency": manifest["metrics"].get("consistency_after_mean_absolute"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path, nargs="?")
    parser.add_argument("style", type=Path, nargs="?")
    parser.add_argument("--presets", nargs="+", default=["fast", "default", "fine"])
    parser.add_argument("--repeat", type=int, default=1)
    options = parser.parse_args()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    print(f"machine: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; commit {commit}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        photo, style = _inputs(options.photo, options.style, folder)
        _measure(photo, style, "fast", folder / "warm-up")
        base = 0.0
        for preset in options.presets:
            for turn in range(options.repeat):
                run = _measure(photo, style, preset, folder / f"{preset}{turn}")
                base = base or float(str(run["cpu"]))
                _report(preset, run, base, options.presets[0])
    print(f"this process: peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2:.2f} GB")


def _report(preset: str, run: dict[str, object], base: float, base_name: str) -> None:
    cpu, wall = float(str(run["cpu"])), float(str(run["wall"]))
    print(
        f"\n{preset}: {cpu:.1f} CPU-s ({cpu / base:.2f} x {base_name}), {wall:.1f} s wall, "
        f"{float(str(run['peak_gb'])):.2f} GB peak, first line after {float(str(run['startup'])):.2f} s, "
        f"view consistency {run['consistency']}"
    )
    stages = run["stages"]
    assert isinstance(stages, list)
    for stage in stages:
        print(f"    {stage['stage']:<10} {stage['cpu_seconds']:7.2f} CPU-s {stage['wall_seconds']:7.2f} s wall")


if __name__ == "__main__":
    main()
