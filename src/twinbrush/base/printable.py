"""Text for people and for manifests: names of files may hold any bytes, a terminal and UTF-8 may not."""

from __future__ import annotations

import unicodedata

# Control (Cc), format (Cf: they turn the writing direction), surrogates (Cs: bytes that are not UTF-8).
_HIDDEN = ("Cc", "Cf", "Cs")


def printable(text: str, *, keep: str = "\n") -> str:
    """The text with every character that is no visible one written as \\x1b, \\u202e...; those in `keep` stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in keep or unicodedata.category(c) not in _HIDDEN else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a name that is not UTF-8 (PEP 383)
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
