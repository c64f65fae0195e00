"""A road as a row of stages: each names what it needs and what of the options it depends on; its key follows.

A kept result is valid when its key is the same. The key is made of the stage's name, the keys of all that it needs, and
the values of the options that it names (a file that an option names counts with its content), so none is written by
hand, and an option that is not named does not reach the stage's maths.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, TypeVar, cast

from twinbrush.base import store
from twinbrush.base.beside import Begun, Works
from twinbrush.base.errors import BadOption
from twinbrush.base.files import open_regular
from twinbrush.base.progress import Progress, ignore
from twinbrush.config import Config
from twinbrush.road.run import Done, Run

T = TypeVar("T")
Made = TypeVar("Made", covariant=True)
_LARGEST = 1 << 34  # bytes of a file that an option names


@dataclass(frozen=True)
class Stage(Generic[Made]):
    """One stage of a road.

    name: of its kept result and in what it reports.
    kind: the dataclass that it makes.
    needs: the stages, or what the walk was given, whose values it takes.
    sections: places in the options, as "views" or "align.strength", that it depends on besides.
    compute: called with the needed values in their order, then the options and the progress callback.
    """

    name: str
    kind: type[Made]
    needs: tuple[str, ...]
    sections: tuple[str, ...]
    compute: Callable[..., Made]


@dataclass
class Walk:
    """One walk along a road: the values made so far, and their keys; in a `with` block where stages are begun ahead."""

    run: Run
    config: Config
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    keys: dict[str, str] = field(default_factory=dict[str, str])
    _works: Works = field(default_factory=Works)
    _ahead: dict[str, Begun[Done[Any]]] = field(default_factory=dict[str, Begun[Done[Any]]])

    def __enter__(self) -> Walk:
        self._works.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._works.__exit__(kind, error, trace)

    def give(self, name: str, value: object, key: str) -> None:
        """Lay down what no stage of the walk makes, with a key of its content."""
        self.values[name], self.keys[name] = value, key

    def through(self, stage: Stage[T]) -> T:
        """Returns the stage's value: kept from an earlier walk, begun ahead, or computed of what it needs."""
        begun = self._ahead.get(stage.name)
        if begun is not None:
            value = self.run.told(stage.name, begun.result)
        else:
            self.keys[stage.name] = key_of(stage, self.config, self.keys)
            value = self.run.told(stage.name, partial(self._done, stage, self.run.progress))
        self.values[stage.name] = value  # first, for others look there when it is not ahead
        self._ahead.pop(stage.name, None)
        return value

    def ahead(self, *stages: Stage[Any]) -> None:
        """Begin stages, in silence, beside what comes next; `through` takes their values. What they need is there, or
        was begun before."""
        for stage in stages:
            self.keys[stage.name] = key_of(stage, self.config, self.keys)
            self._ahead[stage.name] = self._works.begin(partial(self._done, stage, ignore))

    def _done(self, stage: Stage[T], progress: Progress) -> Done[T]:
        needed = [self._value(name) for name in stage.needs]
        compute = partial(stage.compute, *needed, self.config, progress)
        return self.run.done(stage.name, self.keys[stage.name], stage.kind, compute)

    def _value(self, name: str) -> Any:
        begun = self._ahead.get(name)
        return self.values[name] if begun is None else begun.result().value


def key_of(stage: Stage[Any], config: Config, keys: dict[str, str]) -> str:
    """Returns the key of the stage's result. keys: of all that it needs. Raises BadOption for a file that is gone."""
    options = {place: content_of(attrgetter(place)(config)) for place in stage.sections}
    return store.stage_key(stage.name, [keys[name] for name in stage.needs], options)


def content_of(value: object) -> object:
    """Returns an option's value with each file's content in place of its name. Raises BadOption."""
    if isinstance(value, Path):
        try:
            with open_regular(value, _LARGEST) as stream:
                return {"sha256": hashlib.file_digest(stream, "sha256").hexdigest()}
        except OSError as error:
            raise BadOption(f"{value}: cannot be read ({error.strerror}).", "Check the path.") from error
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: content_of(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return tuple(content_of(item) for item in cast("tuple[object, ...]", value))
    return value
