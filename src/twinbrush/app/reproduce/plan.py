"""What is run for each of the paper's figures and tables, and on which pairs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from twinbrush.base.errors import BadOption, TwinbrushError
from twinbrush.config.roads import RIVALS

Subject = Literal["fig2", "fig3", "fig4", "table1", "study"]
SUBJECTS: tuple[Subject, ...] = ("fig2", "fig3", "fig4", "table1", "study")
OURS: dict[str, tuple[str, ...]] = {"hybrid": (), "hybrid-style-skin": ("--skin", "style"), "guided": (), "paper": ()}
"""Our methods, and the words that tell a variant of one."""
UNSTYLED = "unstyled"  # the control: the photo's own sculpted figure, as good in content as any of them can be
ON_CPU = ("--device", "cpu")  # of ours: the rivals use no GPU, and a table of costs is of one machine
ABLATIONS = ("none", "perspective", "disparity", "both")
PAIRS, QUICK_PAIRS, FIGURE_PAIRS = 20, 6, 4
TIMED_PAIRS = 3  # of the table of run times: its medians leave out a first run, which compiles
SEEDS = 5  # of the whole ablation; --quick: 1
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


@dataclass(frozen=True)
class Job:
    """One run of `twinbrush stylize`, or of `sculpt` for the control. method: its name in the report. options: words
    of the command line."""

    method: str
    pair: str
    content: Path
    style: Path
    options: tuple[str, ...]

    @property
    def name(self) -> str:
        """The run's folder."""
        return f"{self.method}/{self.pair}"

    def words(self, content: str, style: str, *places: str) -> tuple[str, ...]:
        """Returns the command's words with the pictures named so. places: words that say where results go."""
        what = ("sculpt", content) if self.method == UNSTYLED else ("stylize", content, style)
        return (*what, *places, *self.options)


@dataclass(frozen=True)
class Data:
    """The pictures below --data: photos, styles in which a face is found, objects, a rival's published pictures."""

    photos: tuple[Path, ...]
    styles: tuple[Path, ...]
    meshes: tuple[Path, ...]
    object_styles: tuple[Path, ...]
    peer: tuple[Path, ...]


def find_data(folder: Path) -> Data:
    """Returns what lies in photos/, people/, styles/, objects/ and peer/. Raises BadOption."""
    def files(name: str, suffixes: tuple[str, ...] = SUFFIXES) -> tuple[Path, ...]:
        place = folder / name
        found = sorted(place.iterdir()) if place.is_dir() else []
        return tuple(path for path in found if path.suffix.lower() in suffixes)

    photos = (*files("photos"), *files("people"))
    styles = tuple(path for path in files("styles") if shows_face(path))
    if len(photos) < 2 or len(styles) < 2:
        raise BadOption(f"--data {folder}: {len(photos)} photos and {len(styles)} styles with a face.",
                        "Give a folder with photos/ (people/) and styles/, two of each at least.")
    return Data(photos, styles, files("objects", (".obj", ".ply", ".glb", ".stl")), files("objects"), files("peer"))


def shows_face(path: Path) -> bool:
    """Whether a face is found in a style."""
    from twinbrush.base.image import load_image
    from twinbrush.config import FaceConfig
    from twinbrush.faces.face import find_face

    try:
        find_face(load_image(path).pixels, FaceConfig(), where=path.name, art=True)
    except TwinbrushError:
        return False
    return True


def pairs_of(data: Data, count: int) -> list[tuple[Path, Path]]:
    """Returns so many pairs: photos in turn, each with the next style; a pair that has been is not made again."""
    found: list[tuple[Path, Path]] = []
    for number in range(min(count, len(data.photos) * len(data.styles))):
        turn, place = divmod(number, len(data.photos))
        found.append((data.photos[place], data.styles[(place + turn) % len(data.styles)]))
    return list(dict.fromkeys(found))


def jobs_for(subject: Subject, data: Data, *, quick: bool, pairs: int, methods: tuple[str, ...]) -> list[Job]:
    """Returns the runs of a figure or table, those of one pair side by side. Raises BadOption."""
    common = ("--preset", "fast" if quick else "default", "--no-turntable")
    if subject == "fig4":
        return _object_jobs(data, common)
    chosen = pairs_of(data, pairs)
    if subject == "fig3":
        forms = [(f"paper-{form}-{seed}", ("--method", "paper", *ON_CPU, "--ablation", form, "--seed", str(seed)))
                 for seed in range(1 if quick else SEEDS) for form in ABLATIONS]
    else:
        everything = (*OURS, *RIVALS, UNSTYLED)
        known = methods or ("hybrid", "paper", *RIVALS, *(() if subject == "table1" else (UNSTYLED,)))
        unknown = [name for name in known if name not in everything]
        if unknown:
            raise BadOption(f"--methods {' '.join(unknown)}: no such method.", f"Choose among {', '.join(everything)}.")
        forms = [(name, _method_words(name)) for name in known]
    return [Job(name, f"{photo.stem}__{style.stem}", photo, style, () if name == UNSTYLED else (*common, *words))
            for photo, style in chosen for name, words in forms]


def _method_words(name: str) -> tuple[str, ...]:
    """The words for a method of ours or a rival's."""
    return ("--method", name.split("-")[0], *ON_CPU, *OURS[name]) if name in OURS else ("--method", name)


def _object_jobs(data: Data, common: tuple[str, ...]) -> list[Job]:
    """The bunny after the first two pictures in objects/ whose names say that they are styles."""
    bunny = [mesh for mesh in data.meshes if "bunny" in mesh.stem]
    if not bunny:
        raise BadOption("--data: holds no objects/*bunny*.", "Put the Stanford bunny there, as OBJ or PLY.")
    styles = [path for path in data.object_styles if "style" in path.stem][:2]
    return [Job("hybrid", f"{bunny[0].stem}__{style.stem}", bunny[0], style, (*common, *ON_CPU)) for style in styles]
