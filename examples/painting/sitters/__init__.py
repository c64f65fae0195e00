"""The sitters: who they are, in numbers; one file each."""

from .bruno import bruno
from .clara import clara
from .mina import mina
from .teodora import teodora

__all__ = ["bruno", "clara", "mina", "teodora"]
