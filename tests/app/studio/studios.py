"""The studio with a stub in its workers' place."""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from fastapi.testclient import TestClient
from PIL import Image

from twinbrush.app.studio.api import make_app

STUB = (sys.executable, str(Path(__file__).with_name("stub_worker.py")))
PORT = 8420


def png(width: int = 80, height: int = 80) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), 140, np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def client_of(folder: Path) -> TestClient:
    return TestClient(make_app(folder, PORT, STUB), base_url=f"http://127.0.0.1:{PORT}")


def wait_for(client: TestClient, number: str, *states: str) -> dict[str, Any]:
    end = time.monotonic() + 30
    while (job := client.get(f"/api/jobs/{number}").json())["state"] not in states:
        assert time.monotonic() < end, job
        time.sleep(0.03)
    return job


def order(client: TestClient, **changes: Any) -> dict[str, Any]:
    answer = client.post("/api/jobs", json={"photo": "demo-astronaut", "style": "demo-oil", **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()
