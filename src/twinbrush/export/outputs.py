"""What every road's run says of itself: its result, costs, warnings, the face models that it used."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from twinbrush.export import manifest as page

TURNTABLE_SIZE = 448  # px: an animation to send around, not to print


@dataclass(frozen=True)
class Timing:
    """One stage's cost. `resumed`: it was taken from an earlier run."""

    stage: str
    cpu_seconds: float
    wall_seconds: float
    resumed: bool


@dataclass(frozen=True)
class RunReport:
    """What a run has to say besides its results."""

    warnings: tuple[str, ...]
    timings: tuple[Timing, ...]


@dataclass(frozen=True)
class Result:
    """What a run made: the files in `out`, the manifest's metrics, everything worth a warning, the costs, and what is
    to be said about single files."""

    out: Path
    files: tuple[str, ...]
    metrics: dict[str, float]
    warnings: tuple[str, ...]
    timings: tuple[Timing, ...]
    notes: tuple[str, ...] = ()

    def summary(self) -> str:
        """A few lines for people."""
        wall = sum(t.wall_seconds for t in self.timings)
        cpu = sum(t.cpu_seconds for t in self.timings)
        meshes = [name for name in self.files if name.endswith(".glb")]
        shown = meshes + [name for name in ("viewer.html", "sheet.png") if name in self.files]
        first = f"{self.out}: {len(self.files)} files in {wall:.1f} s ({cpu:.1f} CPU-seconds)"
        return "\n".join([first, *(f"  {self.out / name}" for name in shown), *(f"  {note}" for note in self.notes)])


def used_models() -> list[page.UsedModel]:
    """The face models, for the manifest."""
    from twinbrush.base.models import list_models

    models = [entry.model for entry in list_models() if entry.state == "present"]
    return [page.UsedModel(m.name, m.sha256, m.licence, m.wheel.requirement) for m in models]
