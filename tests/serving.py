"""The studio's real service in a thread, for tests and benchmarks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from twinbrush.app.studio import serve
from twinbrush.app.studio.api import make_app


@contextmanager
def studio(folder: Path, command: Sequence[str] = serve.COMMAND, *, log_level: str = "error") -> Iterator[int]:
    """The port at which a studio in `folder` answers. command: of its workers."""
    import uvicorn

    with serve._listening(0) as listener:
        port = int(listener.getsockname()[1])
        server = uvicorn.Server(uvicorn.Config(make_app(folder, port, command), log_level=log_level))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield port
        server.should_exit = True
        thread.join(20)
