"""A Python client of `twinbrush studio`: a photo and a style portrait in, figure.glb out, with its progress told.

    twinbrush studio &
    python examples/studio_client.py photo.jpg painting.jpg figure.glb

Only the standard library is needed. What else the service does: http://127.0.0.1:8420/api/docs.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any


class StudioError(Exception):
    """What the studio refuses, in its own words."""


class Client:
    """The studio at an address."""

    def __init__(self, address: str = "http://127.0.0.1:8420") -> None:
        self.address = address.rstrip("/")

    def upload(self, path: Path) -> str:
        """Send a picture; returns its number."""
        name = urllib.parse.quote(path.name)
        return self._ask("POST", f"/api/pictures?name={name}", path.read_bytes())["id"]

    def order(self, photo: str, style: str, *, presets: list[str], options: dict[str, Any]) -> str:
        """Order a figure; returns the job's number."""
        body = {"photo": photo, "style": style, "presets": presets, "options": options}
        return self._ask("POST", "/api/jobs", json.dumps(body).encode(), "application/json")["id"]

    def wait(self, job: str) -> dict[str, Any]:
        """Tell the job's progress until it ends. Raises StudioError when it was refused."""
        stage = ""
        while (state := self._ask("GET", f"/api/jobs/{job}"))["state"] in ("queued", "running"):
            if state["stage"] != stage:
                stage = state["stage"]
                print(f"{100 * state['share']:3.0f} % {stage}", file=sys.stderr)
            time.sleep(0.5)
        if state["state"] != "done":
            trouble = state["trouble"] or {"problem": state["state"], "remedy": ""}
            raise StudioError(f"{trouble['problem']} {trouble['remedy']}")
        return state

    def file(self, job: str, name: str) -> bytes:
        """One of the job's files."""
        with urllib.request.urlopen(f"{self.address}/api/jobs/{job}/files/{name}") as answer:
            return answer.read()

    def _ask(self, method: str, path: str, body: bytes | None = None, kind: str = "application/octet-stream") -> Any:
        headers = {} if body is None else {"content-type": kind}
        request = urllib.request.Request(self.address + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            told = json.load(error)
            raise StudioError(f"{told['problem']} {told['remedy']}") from error


def main() -> int:
    """Make one figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path)
    parser.add_argument("style", type=Path)
    parser.add_argument("glb", type=Path)
    parser.add_argument("--preset", default="default", choices=("fast", "default", "fine"))
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--address", default="http://127.0.0.1:8420")
    given = parser.parse_args()
    client = Client(given.address)
    try:
        photo, style = client.upload(given.photo), client.upload(given.style)
        job = client.order(photo, style, presets=[given.preset], options={"strength": given.strength})
        client.wait(job)
        given.glb.write_bytes(client.file(job, "figure.glb"))
    except StudioError as error:
        print(error, file=sys.stderr)
        return 2
    print(given.glb)
    return 0


if __name__ == "__main__":
    sys.exit(main())
