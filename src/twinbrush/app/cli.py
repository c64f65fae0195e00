"""The command line: parse, call the pipeline, show each Step. Heavy imports wait until the first line is on screen."""

from __future__ import annotations

import difflib
import inspect
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from twinbrush import __version__
from twinbrush.app import evidence
from twinbrush.app.mistakes import told_in_one_line
from twinbrush.app.terminal import Display, ended_by_signals, remark, report_crash, take_any_text, tell
from twinbrush.base.errors import BadOption, TwinbrushError
from twinbrush.base.printable import printable
from twinbrush.config import DEFAULT, PRESETS, Config, FaceConfig
from twinbrush.config.sculpt import SculptOptions

OutFolder = Annotated[Path, tyro.conf.arg(aliases=["-o"])]


@dataclass(frozen=True)
class Stylize:
    """One face photo and one style portrait in, a stylized 3D portrait out.

    Example: twinbrush stylize photo.jpg style.jpg -o out/
    """

    photo: tyro.conf.Positional[Path]
    """The face photo, or a mesh (OBJ, PLY, STL, GLB, glTF)."""
    style: tyro.conf.Positional[Path]
    """The style portrait: a painting, a drawing, a caricature."""
    out: OutFolder = Path("out")
    """The folder for the results; a second run with the same inputs resumes from its finished stages."""
    preset: str = "default"
    """fast, default or fine: the starting point for all other options."""
    options: Annotated[Config, tyro.conf.arg(name="")] = field(default_factory=lambda: DEFAULT)


@dataclass(frozen=True)
class Sculpt:
    """One face photo in, a sculpted figure out, in colour and in clay, with expressions; in a style's form, if wanted.

    Example: twinbrush sculpt photo.jpg -o out/ --form painting.jpg
    """

    photo: tyro.conf.Positional[Path]
    """The face photo, or a mesh with a face; with --art a painting or a drawing."""
    out: OutFolder = Path("out")
    """The folder for the results."""
    options: Annotated[SculptOptions, tyro.conf.arg(name="")] = field(default_factory=SculptOptions)


@dataclass(frozen=True)
class Reshape:
    """Change only how far the shape follows the style, in seconds: nothing is painted again."""

    out: tyro.conf.Positional[Path]
    """A folder that `twinbrush stylize` has written."""
    strength: float | None = None
    """New geometry strength: 0 keeps the person's shape, 1 takes the style's proportions (0 to 1.5; default: as it
    was)."""
    caricature: float | None = None
    """How much of the person's own deviation from an average head is kept (0.5 to 2; default: as it was)."""
    hair_shape: float | None = None
    """How far the silhouette of the hair follows the style's (0 to 1; default: as it was)."""
    relief: float | None = None
    """Height of the medium's relief in mm (0 to 1.5, 0: none; default: as it was)."""
    stills: bool = False
    """Also draw the stills, the sheet and the turntable of the new shape (off: those of the old one are removed)."""


@dataclass(frozen=True)
class Batch:
    """Make many pairs: a CSV file with the columns photo, style, and any option of `stylize`; one pair a line.

    Example: twinbrush batch pairs.csv -o out/
    """

    pairs: tyro.conf.Positional[Path]
    """The CSV file (photo, style[, name, options ...]); a cell may name a folder: all pictures in it."""
    out: OutFolder = Path("out")
    """The folder for the results, a folder a pair; the same command again makes only what is not done."""
    workers: int = 0
    """Processes that work side by side (0: as many as cores and memory allow)."""
    cross: bool = False
    """Each photo with each style, instead of pairs."""
    ray: str | None = None
    """A Ray cluster's address (auto, ray://host:10001), or `local`; all nodes see the same files (extra `ray`)."""
    preset: str = "default"
    """fast, default or fine: the starting point for all other options."""
    options: Annotated[Config, tyro.conf.arg(name="")] = field(default_factory=lambda: DEFAULT)


@dataclass(frozen=True)
class Studio:
    """Open a page to work in: photo and style in, the figure in 3D, downloads. On this machine only.

    Example: twinbrush studio
    """

    folder: Path = Path("twinbrush-studio")
    """The folder for pictures and results: nothing is remembered anywhere else."""
    port: int = 8420
    """Where it answers, on 127.0.0.1 (0: any port that is free)."""
    browser: bool = True
    """Open the page in the browser."""


@dataclass(frozen=True)
class Inspect:
    """Show what is found in an image: landmarks, pose and regions, drawn on the image."""

    image: tyro.conf.Positional[Path]
    """A photo or a style portrait."""
    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """The picture to write (default: IMAGE_inspected.png in the current folder)."""
    art: bool = False
    """The image is a style portrait: search harder, and segment as for art."""
    options: Annotated[FaceConfig, tyro.conf.arg(name="")] = field(default_factory=FaceConfig)


@dataclass(frozen=True)
class Demo:
    """Stylize the bundled photo (NASA's portrait of an astronaut) with bundled style portraits."""

    out: OutFolder = Path("demo-out")
    """The folder for the results."""
    style: str = "oil"
    """Which bundled style portrait, or `all`."""
    preset: str = "default"
    """fast, default or fine."""


@dataclass(frozen=True)
class ModelsFetch:
    """Bring the model files into the cache: from the package index, or offline from a wheel or a folder."""

    source: Annotated[Path | None, tyro.conf.arg(name="wheel")] = None
    """A mediapipe wheel, or a folder with the .tflite files, instead of downloading."""
    vgg16: bool = False
    """Fetch the optional VGG-16 weights (528 MB, 59 of them are kept) for --extractor vgg16."""
    vgg16_file: Annotated[Path | None, tyro.conf.arg(name="from")] = None
    """With --vgg16: torchvision's vgg16-397923af.pth, instead of downloading."""


@dataclass(frozen=True)
class ModelsList:
    """Show the model files: place, licence, sha256, state."""


COMMANDS: dict[str, type] = {
    "stylize": Stylize,
    "sculpt": Sculpt,
    "reshape": Reshape,
    "batch": Batch,
    "studio": Studio,
    "inspect": Inspect,
    "demo": Demo,
    "models fetch": ModelsFetch,
    "models list": ModelsList,
    **evidence.COMMANDS,
}


def overview() -> str:
    """The text of `twinbrush --help`."""
    lines = [f"twinbrush {__version__}: a face photo + a style portrait -> a stylized 3D portrait", ""]
    for name, kind in COMMANDS.items():
        lines.append(f"  twinbrush {name:<13} {(kind.__doc__ or '').splitlines()[0]}")
    return "\n".join([*lines, "", "twinbrush COMMAND --help shows a command's options."])


def _preset(arguments: Sequence[str]) -> Config:
    """The preset named in the arguments: its values are the defaults that the parser shows and overrides."""
    name = "default"
    for here, following in zip(arguments, [*arguments, ""][1:], strict=True):
        if here == "--preset":
            name = following
        elif here.startswith("--preset="):
            name = here.partition("=")[2]
    if name not in PRESETS:
        raise BadOption(f"--preset {name}: no such preset.", f"Choose one of {', '.join(PRESETS)}.")
    return PRESETS[name]


def parse(arguments: Sequence[str]) -> object:
    """A command's dataclass. Raises BadOption for whatever is mistaken, and SystemExit after showing help."""
    words = " ".join(arguments[:2])
    name = next((n for n in COMMANDS if words == n or words.startswith(n + " ") or arguments[0] == n), None)
    if name is None:
        near = difflib.get_close_matches(words, COMMANDS, n=1) or difflib.get_close_matches(arguments[0], COMMANDS, n=1)
        meant = f"Did you mean {near[0]}? " if near else ""
        raise BadOption(f"{arguments[0]}: no such command.", f"{meant}See twinbrush --help.")
    rest = list(arguments[len(name.split()) :])
    kind = _from_preset(COMMANDS[name], _preset(rest)) if name in ("stylize", "batch") else COMMANDS[name]
    program, text = f"twinbrush {name}", inspect.getdoc(COMMANDS[name])

    def tyros(words: Sequence[str]) -> object:
        return tyro.cli(kind, args=words, prog=program, description=text)

    return told_in_one_line(tyros, rest, program)


def _from_preset(command: type, preset: Config) -> type:
    """The command with a preset's values as the defaults that its help shows."""

    @dataclass(frozen=True)
    class FromPreset(command):  # pyright: ignore[reportUntypedBaseClass]
        options: Annotated[Config, tyro.conf.arg(name="")] = field(default_factory=lambda: preset)

    return FromPreset


def run(command: object) -> None:
    """Carry out a parsed command. Raises TwinbrushError for whatever the user can mend."""
    with Display() as display:
        # Only now: these imports take a second or two, and the first line is already on screen.
        from twinbrush.app import commands, demo
        from twinbrush.road import pipeline

        match command:
            case Stylize():
                result = pipeline.stylize_files(
                    command.photo, command.style, command.out, command.options, progress=display.progress
                )
                display.results(result)
            case Sculpt():
                from twinbrush.road import sculpt_pipeline

                display.results(
                    sculpt_pipeline.sculpt_file(command.photo, command.out, command.options, progress=display.progress)
                )
            case Reshape():
                display.results(
                    pipeline.reshape_files(
                        command.out, command.strength, caricature=command.caricature, hair_shape=command.hair_shape,
                        relief=command.relief, stills=command.stills, progress=display.progress,
                    )
                )
            case Batch():
                from twinbrush.app.batch.run import BatchOptions, run_batch

                many = BatchOptions(command.workers, command.cross, command.ray)
                display.say(
                    run_batch(command.pairs, command.out, command.options, many, progress=display.progress).summary()
                )
            case Inspect():
                display.say(
                    commands.inspect_file(
                        command.image, command.out, command.options, art=command.art, progress=display.progress
                    )
                )
            case Demo():
                config = _preset(["--preset", command.preset])
                for result in demo.run(command.out, command.style, config, progress=display.progress):
                    display.results(result)
            case ModelsFetch():
                display.say(
                    commands.fetch_model_files(
                        command.source, with_vgg16=command.vgg16, vgg16_file=command.vgg16_file,
                        progress=display.progress,
                    )
                )  # fmt: skip
            case ModelsList():
                display.say(commands.describe_model_files())
            case _:
                raise TypeError(f"{command!r} is not a command")


def main(arguments: Sequence[str] | None = None) -> int:
    """The entry point. Exit codes: 0 done, 2 the user can mend it, 130 interrupted, 1 a fault of ours."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    # One thread, whatever the shell says: twice as many CPU-seconds buy little wall time at these sizes, and results
    # are the same bytes everywhere (sums in threads differ in their last digits). --threads gives torch more.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # with --threads: who waits leaves the core to others
    with ended_by_signals():
        take_any_text()
        try:
            return _main(arguments)
        except TwinbrushError as error:
            for line in (f"twinbrush: {error}", *(f"  {detail}" for detail in error.details)):
                remark(printable(line, keep=""))
            return 2
        except KeyboardInterrupt:
            remark("twinbrush: interrupted. Finished stages are kept: the same command resumes from them.")
            return 130
        except Exception as error:
            remark(report_crash(error))
            return 1


def _main(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        tell(overview())
        return 0 if arguments else 2
    if arguments[0] == "--version":
        tell(f"twinbrush {__version__}")
        return 0
    command = parse(arguments)
    if isinstance(command, Studio):
        from twinbrush.app.studio.serve import serve

        serve(command.folder, command.port, browse=command.browser, say=tell)
    elif isinstance(command, evidence.Command):
        with Display() as display:
            display.say(evidence.carried_out(command, display.progress))
    else:
        run(command)
    return 0


if __name__ == "__main__":
    sys.exit(main())
