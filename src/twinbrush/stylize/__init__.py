"""4. Views + style -> stylized views: `stylize(views, aligned, config, seed=...)`."""

from twinbrush.stylize.engine import ENGINES, check_engine, stylize
from twinbrush.stylize.values import Stylization

__all__ = ["ENGINES", "Stylization", "check_engine", "stylize"]
