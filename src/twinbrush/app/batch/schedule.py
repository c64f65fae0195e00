"""Which pair comes next: pairs of one photo, or of one style, lend each other what they have made."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from twinbrush.app.batch.pairs import Pair
from twinbrush.app.batch.work import OF_PHOTO, OF_STYLE
from twinbrush.road.run import CACHE


class Schedule:
    """The pairs that are still to be made. Every one is given out once.

    A worker stays with its photo; else it takes one that nobody has begun; else it helps where most is left.
    """

    def __init__(self, pairs: Sequence[Pair], finished: Sequence[Pair], out: Path) -> None:
        self._out = out
        self._lock = threading.Lock()
        self._left: dict[Path, list[Pair]] = defaultdict(list)
        for pair in pairs:
            self._left[pair.photo].append(pair)
        self._begun: set[Path] = set()
        self._lenders: dict[tuple[str, Path], str] = {}
        for pair in finished:
            self.finished(pair)

    def take(self, photo: Path | None) -> Pair | None:
        """The next pair for a worker whose last one was of `photo`; None: there is none left."""
        with self._lock:
            fresh = [path for path, pairs in self._left.items() if pairs and path not in self._begun]
            most = max(self._left, key=lambda path: len(self._left[path]), default=None)
            chosen = photo if photo is not None and self._left.get(photo) else fresh[0] if fresh else most
            if chosen is None or not self._left[chosen]:
                return None
            self._begun.add(chosen)
            return self._left[chosen].pop(0)

    def finished(self, pair: Pair) -> None:
        """The pair's kept stages are lent to others from now on."""
        cache = str(self._out / pair.name / CACHE)
        with self._lock:
            for stages, path in ((OF_PHOTO, pair.photo), (OF_STYLE, pair.style)):
                for stage in stages:
                    self._lenders.setdefault((stage, path), cache)

    def lent(self, pair: Pair) -> dict[str, str]:
        """{stage: folder where another pair has kept it} of what the pair may take."""
        with self._lock:
            wanted = [*((stage, pair.photo) for stage in OF_PHOTO), *((stage, pair.style) for stage in OF_STYLE)]
            return {stage: self._lenders[stage, path] for stage, path in wanted if (stage, path) in self._lenders}
