"""Damaged requests to the studio over a real socket: answered in its own words or refused, never a failure of ours."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from mutations import COUNT, SEED, mutated

pytest.importorskip("fastapi", reason="the extra `studio` is not installed")
sys.path.insert(0, str(Path(__file__).parents[1] / "app" / "studio"))
from studios import STUB, png

from serving import studio

SHORT, LONG = 150, 10_000
PATIENCE_SECONDS = 20.0


def corpus(port: int) -> list[bytes]:
    """Whole requests of every kind that the page sends."""
    face = {"clicks": [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]], "mask": None}
    order = {"photo": "demo-astronaut", "style": "demo-oil", "presets": ["fast"], "photo_face": face,
             "options": {"strength": 1.2, "skin": "style"}, "style_face": {"box": [1, 2, 30, 40]}}  # fmt: skip
    number = "0123456789abcdef"
    bodies: list[tuple[str, str, bytes]] = [
        ("GET", "/", b""), ("GET", "/page/studio.js", b""), ("GET", "/api/jobs", b""),
        ("GET", "/api/openapi.json", b""),
        ("GET", f"/api/jobs/{number}/files/figure.glb?download=true", b""), ("GET", "/api/pictures/demo-oil", b""),
        ("POST", "/api/pictures?name=me.png", png()), ("POST", "/api/jobs", json.dumps(order).encode()),
        ("POST", "/api/pictures/demo-oil/look", json.dumps({"role": "style", "face": {"face": 1}}).encode()),
        ("POST", "/api/pictures/demo-oil/regions", json.dumps({"role": "style"}).encode()),
        ("POST", f"/api/jobs/{number}/reshape", json.dumps({"strength": 0.5, "relief": 0.2}).encode()),
        ("POST", f"/api/jobs/{number}/cancel", b""), ("DELETE", f"/api/jobs/{number}", b""),
    ]  # fmt: skip
    return [
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body for method, path, body in bodies]


def answer(port: int, request: bytes, wait: float = 0.15) -> bytes:
    """What comes back until the service closes. Where it says nothing for a while it waits for more of the request: our
    side is closed then."""
    with socket.create_connection(("127.0.0.1", port), wait) as line:
        received = b""
        try:
            line.sendall(request)
            with contextlib.suppress(TimeoutError):
                while chunk := line.recv(1 << 16):
                    received += chunk
                return received
            line.shutdown(socket.SHUT_WR)
            line.settimeout(PATIENCE_SECONDS)
            while chunk := line.recv(1 << 16):
                received += chunk
        except TimeoutError:
            raise
        except OSError:  # it had enough before we were done
            pass
        return received


def fuzz(count: int, seed: int, folder: Path) -> Counter[str]:
    """How many requests got which kind of answer; faults by what they were."""
    told: Counter[str] = Counter()
    with studio(folder / "studio", STUB, log_level="critical") as port:
        whole = corpus(port)
        for request in whole:
            assert answer(port, request, PATIENCE_SECONDS)[9:12] in (b"200", b"201", b"404"), request
        for number in range(count):
            rng = np.random.default_rng([seed, number])
            request = mutated(whole[number % len(whole)], rng, text=bool(rng.random() < 0.5))
            started = time.monotonic()
            try:
                status = answer(port, request)[9:10].decode("latin-1")
            except TimeoutError:
                status = "hung"
            kind = {"2": "done", "3": "elsewhere", "4": "refused", "": "closed"}.get(status, f"FAULT {status}")
            if kind.startswith("FAULT"):
                kind += f" number {number}: {request[:120]!r}"
            told[kind] += 1
            told["slowest, ms"] = max(told["slowest, ms"], int(1000 * (time.monotonic() - started)))
        assert answer(port, whole[0], PATIENCE_SECONDS)[9:12] == b"200"  # it lives
    return told


def checked(folder: Path, told: Counter[str]) -> None:
    assert [kind for kind in told if kind.startswith("FAULT")] == []
    assert told["refused"] > told["done"] // 4
    assert {path.name for path in folder.iterdir()} == {"studio"}  # nothing is written anywhere else
    assert {path.name for path in (folder / "studio").iterdir()} <= {"pictures", "jobs", "kept", "made.txt"}


def test_damaged_requests(tmp_path: Path) -> None:
    checked(tmp_path, fuzz(SHORT, 1, tmp_path))


@pytest.mark.long
def test_many_damaged_requests(tmp_path: Path) -> None:
    told = fuzz(COUNT or LONG, SEED or 6001, tmp_path)
    print(dict(told))
    checked(tmp_path, told)
