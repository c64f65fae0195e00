"""Blind cards: which style, or which person, made this clay figure?

    python benchmarks/form_cards.py make OUT --kind style --seed 1 [--cache FOLDER]
    python benchmarks/form_cards.py score OUT ANSWERS.json

`make` writes 40 cards into OUT/cards: on the left a shaped figure in clay with its hair, from the front and from 40
degrees; on the right 8 style portraits (or 10 photos of persons) in random order with numbers. Only OUT/cards is shown
to who answers, with OUT/cards/answers.json to be filled in with numbers (a copy of it, elsewhere, is ANSWERS). The key
lies in OUT/key.json (or --key FILE); neither names nor order of the cards' files tell anything. `score` prints the
share that is right with its 95% interval, each style's and person's row, and the confusion; it keeps every answer in
OUT/score_ANSWERS.json and never writes over one. A folder of cards is made once: cards once seen are not used again.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from form_figures import Person, clay, picture, read_person, read_style
from twinbrush.align.faces.style_head import fit_style_head
from twinbrush.sculpt.template import template
from twinbrush.shape.figure import shaped
from twinbrush.shape.head import make_form

TRIALS = 40
STYLES = ("ink", "mosaic", "oil", "woodcut", "00016_style", "doll_woman", "toon_boy", "picasso_selfport1907")
PERSONS = ("00016", "22_0232", "45_1373", "dark_skin_big_curls", "grey_beard_laughing", "long_coloured_hair", "26_0516",
           "hand_on_cheek", "41_0129", "moustache_old_photo")
FIGURE, CHOICE, MARGIN = 384, 192, 8  # pixels of a figure's picture, of a choice's, and between them
ACROSS = 4  # choices in a row
Z_95 = 1.959963984540054  # of the normal distribution


@dataclass(frozen=True)
class Trial:
    """One card: who was shaped by which style, the choices as they are numbered from 1, and the right number."""

    card: str
    person: str
    style: str
    choices: tuple[str, ...]
    right: int


def balanced(names: tuple[str, ...], count: int, rng: np.random.Generator) -> list[str]:
    """`count` names in random order, none more than once oftener than another."""
    rounds = [rng.permutation(names) for _ in range(-(-count // len(names)))]
    return [str(name) for name in rng.permutation(np.concatenate(rounds)[:count])]


def drawn(kind: str, persons: tuple[str, ...], styles: tuple[str, ...], seed: int) -> list[Trial]:
    """The trials of a seed: persons and styles as often as each other, no pair twice while there are others."""
    rng = np.random.default_rng(seed)
    pairs: list[tuple[str, str]] = []
    while len(pairs) < TRIALS:
        pairs = list(zip(balanced(persons, TRIALS, rng), balanced(styles, TRIALS, rng), strict=True))
        for place in range(TRIALS):
            for other in rng.permutation(TRIALS):
                if pairs.count(pairs[place]) == 1:
                    break
                (a, x), (b, y) = pairs[place], pairs[other]
                if (a, y) not in pairs and (b, x) not in pairs:
                    pairs[place], pairs[other] = (a, y), (b, x)
    trials = []
    for number, (person, style) in enumerate(pairs, 1):
        choices = tuple(str(name) for name in rng.permutation(styles if kind == "style" else persons))
        right = choices.index(style if kind == "style" else person) + 1
        trials.append(Trial(f"card_{number:02d}", person, style, choices, right))
    return trials


def card(figure: np.ndarray, tiles: list[np.ndarray]) -> Image.Image:
    """The card: the clay figure's pictures, and the numbered choices."""
    down = -(-len(tiles) // ACROSS)
    cell = CHOICE + MARGIN
    left = figure.shape[1] + 2 * MARGIN
    page = Image.new("RGB", (left + ACROSS * cell, max(figure.shape[0] + 2 * MARGIN, down * cell + MARGIN)), "white")
    page.paste(picture(figure), (MARGIN, MARGIN))
    font = ImageFont.load_default(24)
    for number, tile in enumerate(tiles):
        corner = (left + number % ACROSS * cell, MARGIN + number // ACROSS * cell)
        page.paste(picture(tile).resize((CHOICE, CHOICE), Image.Resampling.LANCZOS), corner)
        draw, place = ImageDraw.Draw(page), (corner[0] + 4, corner[1] + 2)
        draw.rectangle(draw.textbbox(place, str(number + 1), font=font), fill="white")
        draw.text(place, str(number + 1), fill="black", font=font)
    return page


def make(options: argparse.Namespace) -> int:
    """Write cards and key; returns the exit code."""
    key = options.key or options.out / "key.json"
    cards = options.out / "cards"
    if cards.exists() or key.exists():
        print(f"{options.out}: cards or a key are there already. Name another folder.", file=sys.stderr)
        return 2
    trials = drawn(options.kind, tuple(options.persons), tuple(options.styles), options.seed)
    model = template()
    styles = {name: read_style(name, options.cache) for name in options.styles}
    forms = {name: make_form(model, fit_style_head(model, style.crop)) for name, style in styles.items()}
    persons: dict[str, Person] = {name: read_person(name, options.cache) for name in options.persons}
    shown = styles if options.kind == "style" else persons
    cards.mkdir(parents=True)
    for trial in trials:
        figure = shaped(model, persons[trial.person].figure, forms[trial.style], options.strength, options.caricature)
        card(clay(figure, FIGURE), [shown[name].tile for name in trial.choices]).save(cards / f"{trial.card}.png")
        print(trial.card, flush=True)
    (cards / "answers.json").write_text(json.dumps({trial.card: None for trial in trials}, indent=1))
    told = {"kind": options.kind, "seed": options.seed, "strength": options.strength, "caricature": options.caricature,
            "trials": [vars(trial) for trial in trials]}
    key.write_text(json.dumps(told, indent=1))
    return 0


def wilson(right: int, count: int) -> tuple[float, float]:
    """The 95% interval of a share (Wilson 1927)."""
    share, square = right / count, Z_95**2
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = Z_95 / (1 + square / count) * float(np.sqrt(share * (1 - share) / count + square / (4 * count**2)))
    return max(0.0, middle - half), min(1.0, middle + half)


def judged(trials: list[Trial], kind: str, answers: dict[str, int]) -> dict[str, object]:
    """Share, interval, every answer, and by name {right one: {chosen one: how often}}. Raises KeyError or ValueError
    for a card without an answer that is on it."""
    rows, confusion = [], {}
    for trial in trials:
        answer = answers[trial.card]
        if not isinstance(answer, int) or not 1 <= answer <= len(trial.choices):
            raise ValueError(f"{trial.card}: {answer!r} is none of its {len(trial.choices)} numbers")
        true, chosen = getattr(trial, kind), trial.choices[answer - 1]
        confusion.setdefault(true, {}).setdefault(chosen, 0)
        confusion[true][chosen] += 1
        rows.append({"card": trial.card, "person": trial.person, "style": trial.style, "answer": answer,
                     "chosen": chosen, "right": answer == trial.right})
    right = sum(row["right"] for row in rows)
    by = {what: {name: f"{sum(r['right'] for r in rows if r[what] == name)} of {sum(r[what] == name for r in rows)}"
                 for name in sorted({row[what] for row in rows})} for what in ("style", "person")}
    return {"kind": kind, "right": right, "of": len(rows), "share": right / len(rows),
            "interval_95": wilson(right, len(rows)), "chance": 1 / len(trials[0].choices), "by": by,
            "confusion": confusion, "answers": rows}


def score(options: argparse.Namespace) -> int:
    """Print and keep the score; returns the exit code."""
    key = json.loads((options.key or options.out / "key.json").read_text())
    trials = [Trial(**{**row, "choices": tuple(row["choices"])}) for row in key["trials"]]
    path = options.out / f"score_{options.answers.stem}.json"
    try:
        found = judged(trials, key["kind"], json.loads(options.answers.read_text()))
    except (KeyError, ValueError) as error:
        print(f"{options.answers}: {error}. Every card needs a number.", file=sys.stderr)
        return 2
    if path.exists():
        print(f"{path} is there already: every answer is kept. Name the answers' file otherwise.", file=sys.stderr)
        return 2
    low, high = found["interval_95"]
    print(f"{key['kind']}: {found['right']} of {found['of']} right, {found['share']:.0%} "
          f"(95%: {low:.0%} to {high:.0%}; chance {found['chance']:.0%})")
    for what, names in found["by"].items():
        print(f"by {what}: " + ", ".join(f"{name} {told}" for name, told in names.items()))
    for true, chosen in sorted(found["confusion"].items()):
        print(f"{true:24} taken for " + ", ".join(f"{name} {n}" for name, n in sorted(chosen.items())))
    path.write_text(json.dumps({**{k: v for k, v in key.items() if k != "trials"}, **found}, indent=1))
    return 0


def main() -> int:
    """Do one of both; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="what", required=True)
    making, scoring = parts.add_parser("make"), parts.add_parser("score")
    for part in (making, scoring):
        part.add_argument("out", type=Path)
        part.add_argument("--key", type=Path, help="the key's file (default: OUT/key.json)")
    making.add_argument("--kind", choices=["style", "person"], required=True)
    making.add_argument("--seed", type=int, required=True)
    making.add_argument("--persons", nargs="+", default=list(PERSONS))
    making.add_argument("--styles", nargs="+", default=list(STYLES))
    making.add_argument("--strength", type=float, default=1.0)
    making.add_argument("--caricature", type=float, default=1.0)
    making.add_argument("--cache", type=Path, help="keep sculpted figures and read styles in this folder")
    scoring.add_argument("answers", type=Path)
    options = parser.parse_args()
    return make(options) if options.what == "make" else score(options)


if __name__ == "__main__":
    sys.exit(main())
