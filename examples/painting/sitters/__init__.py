"""The sitters: who they are, in numbers; one file each."""

from .amara import amara
from .bruno import bruno
from .clara import clara
from .mina import mina
from .teodora import teodora

__all__ = ["amara", "bruno", "clara", "mina", "teodora"]
