"""Feature extractors behind one interface: images -> list of feature maps, shallow to deep."""

from __future__ import annotations

from twinbrush.paint.features.base import Extractor
from twinbrush.paint.features.load import load_extractor

__all__ = ["Extractor", "load_extractor"]
