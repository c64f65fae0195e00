"""4. Views + style -> stylized views: `stylize(views, aligned, config, seed=...)`."""

from twinbrush.stylize.engine import ENGINES, stylize
from twinbrush.stylize.values import Stylization

__all__ = ["ENGINES", "Stylization", "stylize"]
