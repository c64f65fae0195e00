"""The commands about evidence: `study make`, `study score`, `study power`, `reproduce`. Paths in, text out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from twinbrush.base.errors import BadOption
from twinbrush.base.progress import Progress, Step

OutFolder = Annotated[Path, tyro.conf.arg(aliases=["-o"])]


@dataclass(frozen=True)
class StudyMake:
    """Make a perceptual study of finished results: one offline page that asks people who and which style.

    Example: twinbrush study make many/ -o study/
    """

    results: tyro.conf.Positional[Path]
    """A folder with results of `stylize` or `batch`, of one method or of several."""
    out: OutFolder = Path("study")
    """The folder for study.html."""
    photos: tuple[Path, ...] = ()
    """More photos (files or folders) to choose among: five at least are needed with those of the results."""
    styles: tuple[Path, ...] = ()
    """More styles (files or folders) to choose among."""
    seed: int = 0
    """Seed of every order."""
    questions: int = 60
    """Questions that one person is asked at most."""
    title: str = "Who, and which style?"
    """The page's title."""


@dataclass(frozen=True)
class StudyScore:
    """Say what the answers to a study say: recognition rates with intervals, methods compared, answers needed.

    Example: twinbrush study score answers/*.json --margin 0.05
    """

    answers: tyro.conf.Positional[tuple[Path, ...]]
    """The files that the study's page saved, one a person."""
    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """A JSON file for everything (default: none)."""
    margin: float = 0.05
    """Two methods are equivalent when their rates differ by less."""
    power: float = 0.8
    """The chance at which the numbers of answers needed shall succeed."""


@dataclass(frozen=True)
class StudyPower:
    """Say how many answers a study needs to tell two rates apart, or to prove that they are the same.

    Example: twinbrush study power 0.879 0.873
    """

    first: tyro.conf.Positional[float]
    """A recognition rate, 0 to 1."""
    second: tyro.conf.Positional[float]
    """Another one."""
    margin: float = 0.05
    """A difference that is none."""
    power: float = 0.8
    """The chance of success."""
    design: float = 1.0
    """How many times as many answers are needed as of independent ones (`study score` tells it)."""


@dataclass(frozen=True)
class Reproduce:
    """Run a comparison of the paper again, ours beside the rivals, and write a report; goes on where it stopped.

    Example: twinbrush reproduce fig2 --data pictures/ -o report/ --quick
    """

    subject: tyro.conf.Positional[Literal["fig2", "fig3", "fig4", "table1", "study"]]
    """fig2: all methods side by side; fig3: the ablation; fig4: the bunny; table1: run times; study: the machine's."""
    data: Path
    """A folder with photos/ (people/), styles/, objects/, peer/."""
    out: OutFolder = Path("report")
    """The folder for runs and reports."""
    quick: bool = False
    """Preset fast (256 px), 6 pairs, one seed."""
    pairs: int = 0
    """The number of pairs it runs on (0: as many as the figure has)."""
    methods: tuple[str, ...] = ()
    """Only these methods (default: hybrid, paper and all rivals; but for table1 unstyled, too, the control)."""
    vgg19: Path | None = None
    """VGG-19's weights for the judge (default: DATA/vgg19_conv1-3.safetensors where it is there)."""


COMMANDS: dict[str, type] = {
    "study make": StudyMake, "study score": StudyScore, "study power": StudyPower, "reproduce": Reproduce}
Command = StudyMake | StudyScore | StudyPower | Reproduce


def carried_out(command: Command, progress: Progress) -> str:
    """Do what the command asks; returns its report. Raises TwinbrushError."""
    match command:
        case StudyMake():
            return _make(command, progress)
        case StudyScore():
            return _score(command)
        case StudyPower():
            return _power(command)
        case Reproduce():
            return _reproduce(command, progress)


def _reproduce(command: Reproduce, progress: Progress) -> str:
    from twinbrush.app.reproduce.run import Wish, reproduce
    from twinbrush.base.models import ensure_models

    ensure_models(progress)
    wish = Wish(command.subject, command.data, command.out, command.quick, command.pairs, command.methods,
                command.vgg19)  # fmt: skip
    words = [f"twinbrush reproduce {command.subject}", f"--data {command.data.name}", f"-o {command.out.name}"]
    words += ["--quick"] if command.quick else []
    words += [f"--pairs {command.pairs}"] if command.pairs else []
    words += [f"--methods {' '.join(command.methods)}"] if command.methods else []
    return reproduce(wish, " ".join(words), progress)


def _make(command: StudyMake, progress: Progress) -> str:
    from twinbrush.study.design import make_study
    from twinbrush.study.page import write_page
    from twinbrush.study.results import more_pictures, read_results

    if command.questions < 2:
        raise BadOption(f"--questions {command.questions}: asks nothing.", "Give 2 or more.")
    progress(Step("study", 0, 2))
    study = make_study(read_results(command.results), seed=command.seed, photos=more_pictures(command.photos),
                       styles=more_pictures(command.styles))  # fmt: skip
    progress(Step("study", 1, 2))
    page = write_page(study, command.out, per_person=command.questions, title=command.title)
    checks = sum(question.kind == "attention" for question in study.questions)
    return (f"{page}: {len(study.questions) - checks} questions and {checks} attention checks; a person is asked "
            f"{command.questions} at most.\nSend the file to people; bring back the files that it saves; then "
            f"`twinbrush study score`.")  # fmt: skip


def _score(command: StudyScore) -> str:
    from twinbrush.base.files import check_target, write_atomically
    from twinbrush.study.answers import read_answers
    from twinbrush.study.report import json_of, text_of
    from twinbrush.study.score import score

    if command.out is not None:
        check_target(command.out, command.answers)
    found = score(read_answers(command.answers), margin=command.margin, power=command.power)
    if command.out is not None:
        write_atomically(command.out, json_of(found))
    return text_of(found)


def _power(command: StudyPower) -> str:
    from twinbrush.study.score import needed_for_equivalence, needed_to_tell

    one, other = command.first, command.second
    if not (0 < one < 1 and 0 < other < 1 and 0 < command.power < 1 and 0 < command.margin < 1 <= command.design):
        raise BadOption("study power: rates, margin and power are shares; the design effect is 1 or more.",
                        "Give for example 0.88 0.82 --margin 0.05.")
    lines: list[str] = []
    if one != other:
        count = needed_to_tell(one, other, command.power, command.design)
        lines.append(f"to tell {one:g} from {other:g}: {count} answers a method")
    count = needed_for_equivalence((one + other) / 2, command.margin, command.power, command.design)
    lines.append(f"to prove that two rates of {(one + other) / 2:g} differ by less than {command.margin:g}: {count} "
                 "answers a method")  # fmt: skip
    return "\n".join(lines)
