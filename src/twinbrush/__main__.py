"""The entry point of `twinbrush` and `python -m twinbrush`.

Whatever takes time to import is imported inside the `try`: Ctrl-C in the first moments shows a line, no traceback.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; its exit code. 130: interrupted, even before the command line was there."""
    try:
        from twinbrush import cli

        return cli.main()
    except KeyboardInterrupt:
        print("twinbrush: interrupted before anything was started.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
