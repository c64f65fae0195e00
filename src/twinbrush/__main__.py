"""The entry point of `twinbrush` and `python -m twinbrush`.

Whatever takes time to import is imported inside the `try`: Ctrl-C in the first moments shows a line, no traceback.
"""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """Run the command line; its exit code. 130: interrupted, even before the command line was there."""
    try:
        # a request to end is Ctrl-C from the first moment on
        signal.signal(signal.SIGTERM, signal.default_int_handler)

        from twinbrush.app import cli

        return cli.main()
    except KeyboardInterrupt:
        print("twinbrush: interrupted before anything was started.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
