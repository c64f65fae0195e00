"""What the answers say: recognition rates mixed over persons and pairs, equivalence within a margin, power.

Answers are no independent draws: one person's go together, and so do those about one pair. The rates are the fixed
effects of a linear mixed model of 0 and 1 with crossed random effects of person and pair (Baayen, Davidson & Bates,
JML 2008; statsmodels' MixedLM, REML), their intervals Student's with one degree of freedom less than there are persons
or pairs, whichever are fewer. Where everybody answers alike there is nothing to mix: Wilson's interval.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module, util
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from twinbrush.base.errors import BadOption, BadStudy
from twinbrush.study.answers import Answer, Sheet

LEVEL = 0.95  # of the intervals
ALPHA = 0.05  # of every test
PASSED = 0.8  # share of attention checks that a person must pass to count
_REMEDY = "Install it: pip install 'twinbrush[study]'."


@dataclass(frozen=True)
class Rate:
    """A recognition rate. rate, low, high: mixed over persons and pairs. raw: right answers over answers. design: how
    many times as many answers are needed as of independent ones."""

    method: str
    kind: str
    surface: str
    answers: int
    persons: int
    pairs: int
    raw: float
    rate: float
    low: float
    high: float
    design: float


@dataclass(frozen=True)
class Comparison:
    """first - second. low, high: its interval. p_different: of no difference. p_equivalent: of a difference of at least
    the margin (two one-sided tests); equivalent: it is below ALPHA. needed: answers a method for the asked power to
    prove equivalence if the true difference were none."""

    first: str
    second: str
    kind: str
    surface: str
    difference: float
    low: float
    high: float
    p_different: float
    p_equivalent: float
    margin: float
    equivalent: bool
    needed: int


@dataclass(frozen=True)
class Score:
    """rates and comparisons; left_out: (person, checks passed, asked) of who did not attend; chance: of a guess."""

    rates: tuple[Rate, ...]
    comparisons: tuple[Comparison, ...]
    left_out: tuple[tuple[str, int, int], ...]
    chance: float = 0.2


def score(sheets: Sequence[Sheet], *, margin: float = 0.05, power: float = 0.8) -> Score:
    """Returns rates of every method, kind and surface, and every two methods compared. Raises BadStudy, BadOption."""
    if not (0 < margin < 1 and 0 < power < 1):
        raise BadOption(f"--margin {margin} --power {power}: are shares.", "Give numbers between 0 and 1.")
    left_out = [(sheet.person, *sheet.attention) for sheet in sheets if not _attends(sheet)]
    gone = {person for person, _, _ in left_out}
    answers = [a for sheet in sheets if sheet.person not in gone for a in sheet.answers if a.kind != "attention"]
    if not answers:
        raise BadStudy("Nobody's answers count: nobody passed the attention checks.", "Ask more people.")
    groups: dict[tuple[str, str], dict[str, list[Answer]]] = {}
    for answer in answers:
        groups.setdefault((answer.kind, answer.surface), {}).setdefault(answer.method, []).append(answer)
    rates: list[Rate] = []
    comparisons: list[Comparison] = []
    for _, methods in sorted(groups.items()):
        names = sorted(methods)
        rates += [rate_of(methods[name]) for name in names]
        for i, first in enumerate(names):
            for second in names[i + 1 :]:
                comparisons.append(compared(methods[first], methods[second], margin, power))
    return Score(tuple(rates), tuple(comparisons), tuple(left_out))


def rate_of(answers: Sequence[Answer]) -> Rate:
    """Returns the rate of answers of one method, kind and surface."""
    right, person, pair = _table(answers)
    raw, count = float(right.mean()), len(answers)
    few = int(min(person.max(), pair.max()))  # degrees of freedom
    known = _mixed(right, np.ones((count, 1)), {"person": person, "pair": pair}) if few > 0 else None
    if known is None or raw in (0.0, 1.0):
        low, high = _wilson(int(right.sum()), count)
        mean, design = raw, 1.0
    else:
        mean, error = known
        half = _student(few) * error
        low, high = max(mean - half, 0.0), min(mean + half, 1.0)
        design = max(error**2 / (raw * (1 - raw) / count), 1.0)
    one = answers[0]
    return Rate(one.method, one.kind, one.surface, count, int(person.max()) + 1, int(pair.max()) + 1, raw, mean, low,
                high, design)  # fmt: skip


def compared(first: Sequence[Answer], second: Sequence[Answer], margin: float, power: float) -> Comparison:
    """Returns how two methods' rates differ, and whether by less than the margin (TOST, Schuirmann 1987).

    The standard error is clustered by person and by pair (Cameron, Gelbach & Miller, JBES 2011): a pair may suit one
    method more than the other. It is never taken for less than that of independent answers.
    """
    from scipy.stats import t

    both = [*first, *second]
    right, person, pair = _table(both)
    which = np.r_[np.ones(len(first)), np.zeros(len(second))]
    own, other = float(right[which > 0].mean()), float(right[which == 0].mean())
    plain = math.sqrt(own * (1 - own) / len(first) + other * (1 - other) / len(second))
    difference, error = own - other, max(_clustered_error(right, which, person, pair), plain, 1e-9)
    few = max(int(min(person.max(), pair.max())), 1)
    half = _student(few) * error
    p_equivalent = float(max(t.sf((difference + margin) / error, few), t.cdf((difference - margin) / error, few)))
    p_different = float(2 * t.sf(abs(difference) / error, few))
    design = max((error / plain) ** 2, 1.0) if plain > 0 else 1.0
    needed = needed_for_equivalence((own + other) / 2, margin, power, design)
    return Comparison(
        first[0].method, second[0].method, first[0].kind, first[0].surface, difference, difference - half,
        difference + half, p_different, p_equivalent, margin, p_equivalent < ALPHA, needed)


def needed_to_tell(one: float, other: float, power: float = 0.8, design: float = 1.0) -> int:
    """Returns how many answers a method are needed to tell two rates apart (two-sided, ALPHA), times `design`."""
    size = float(_library("stats.proportion").proportion_effectsize(one, other))
    found = _library("stats.power").NormalIndPower().solve_power(abs(size), power=power, alpha=ALPHA)
    return math.ceil(float(np.squeeze(found)) * design)


def needed_for_equivalence(rate: float, margin: float, power: float = 0.8, design: float = 1.0) -> int:
    """Returns how many answers a method are needed to prove that two equal rates differ by less than the margin."""
    from scipy.stats import norm

    spread = 2 * max(rate * (1 - rate), 1e-4)  # variance of a difference of one answer each
    reach = float(norm.ppf(1 - ALPHA) + norm.ppf((1 + power) / 2))
    return math.ceil(spread * (reach / margin) ** 2 * design)


def _attends(sheet: Sheet) -> bool:
    passed, asked = sheet.attention
    return asked == 0 or passed >= PASSED * asked


def _table(
    answers: Sequence[Answer],
) -> tuple[Float[np.ndarray, "n"], Int[np.ndarray, "n"], Int[np.ndarray, "n"]]:
    """Right (0, 1), person's and pair's numbers."""
    right = np.array([float(answer.right) for answer in answers])
    person = np.unique([answer.person for answer in answers], return_inverse=True)[1]
    pair = np.unique([answer.pair for answer in answers], return_inverse=True)[1]
    return right, person, pair


def _mixed(
    right: Float[np.ndarray, "n"], fixed: Float[np.ndarray, "n k"], groups: dict[str, Int[np.ndarray, "n"]]
) -> tuple[float, float] | None:
    """The first fixed effect and its standard error; None where nothing varies or no fit is found."""
    if right.min() == right.max():
        return None
    library = _library("regression.mixed_linear_model")
    names, columns, matrices = list(groups), list[Any](), list[Any]()
    for numbers in groups.values():
        matrices.append([np.eye(int(numbers.max()) + 1)[numbers]])
        columns.append([[str(k) for k in range(int(numbers.max()) + 1)]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a variance that is zero lies on its boundary: so be it
        model = library.MixedLM(right, fixed, groups=np.zeros(len(right)),
                                exog_vc=library.VCSpec(names, columns, matrices), exog_re=None)  # fmt: skip
        try:
            fit = model.fit(reml=True)
        except np.linalg.LinAlgError:
            return None
    value, error = float(fit.fe_params[0]), float(fit.bse_fe[0])
    return (value, error) if math.isfinite(value) and math.isfinite(error) else None


def _clustered_error(
    right: Float[np.ndarray, "n"], which: Float[np.ndarray, "n"], person: Int[np.ndarray, "n"],
    pair: Int[np.ndarray, "n"],
) -> float:
    """Standard error of the difference of the two means; 0 where it is not known."""
    if min(person.max(), pair.max()) == 0:
        return 0.0
    model = _library("regression.linear_model").OLS(right, np.stack([which, np.ones(len(right))], 1))
    errors: list[float] = []
    for groups in (np.stack([person, pair], 1), person, pair):  # both together may come out negative: then either
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = model.fit(cov_type="cluster", cov_kwds={"groups": groups})
        errors.append(float(fit.bse[0]))
    return max((error for error in errors if math.isfinite(error)), default=0.0)


def _student(freedom: int) -> float:
    from scipy.stats import t

    return float(t.ppf((1 + LEVEL) / 2, freedom))


def _wilson(right: int, count: int) -> tuple[float, float]:
    low, high = _library("stats.proportion").proportion_confint(right, count, alpha=1 - LEVEL, method="wilson")
    return float(low), float(high)


def _library(name: str) -> Any:
    """A module of statsmodels. Raises BadOption where it is not installed."""
    if util.find_spec("statsmodels") is None:
        raise BadOption("Scoring needs statsmodels, which is not installed.", _REMEDY)
    return import_module(f"statsmodels.{name}")
