"""`twinbrush studio`: the service on 127.0.0.1, in one folder, until it is ended."""

from __future__ import annotations

import contextlib
import socket
import sys
import webbrowser
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from twinbrush.base import locks
from twinbrush.base.errors import BadOption, OutputError
from twinbrush.base.files import output_error

HOST, PORT = "127.0.0.1", 8420
COMMAND = (sys.executable, "-P", "-m", "twinbrush.app.studio.work")
NEEDED = ("fastapi", "uvicorn")
REMEDY = "Install them: pip install 'twinbrush[studio]' (in a clone: pip install -e '.[studio]' -c constraints.txt)."
_ENDING_SECONDS = 2


def check_installed() -> None:
    """Raise BadOption where the packages of the extra `studio` are missing."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise BadOption(f"The studio needs {' and '.join(missing)}, not installed here.", REMEDY)


def serve(folder: Path, port: int, *, browse: bool, say: Callable[[str], None]) -> None:
    """Answer on 127.0.0.1 until interrupted. port 0: any that is free. say: is told the address when it answers.

    Raises BadOption (packages missing, port taken), OutputError (folder not writable, or another studio's).
    """
    check_installed()
    if not 0 <= port < 65536:
        raise BadOption(f"--port {port}: out of range.", "Give a number from 0 to 65535.")
    import uvicorn

    from twinbrush.app.studio.api import make_app

    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(folder, error) from error
    with locks.held(folder) as ours, _listening(port) as listener:
        if not ours:
            raise OutputError(f"{folder}: another studio is at work there.", "Use that one, or give --folder.")
        number = int(listener.getsockname()[1])
        app = make_app(folder, number, COMMAND)
        config = uvicorn.Config(
            app, log_level="error", access_log=False, server_header=False, timeout_graceful_shutdown=_ENDING_SECONDS,
            h11_max_incomplete_event_size=1 << 16, limit_concurrency=256)
        address = f"http://{HOST}:{number}/"
        say(f"Twinbrush studio: {address}  (folder {folder}; Ctrl-C ends it)")
        if browse:
            webbrowser.open(address)
        with contextlib.suppress(KeyboardInterrupt):  # the way to end it
            uvicorn.Server(config).run(sockets=[listener])


def _listening(port: int) -> socket.socket:
    """A socket of this machine's own address. Raises BadOption when the port is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform != "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)  # who comes before the service is ready waits
    except OSError as error:
        listener.close()
        raise BadOption(f"--port {port}: cannot be used ({error.strerror}).", "Give another one, or 0.") from error
    return listener
