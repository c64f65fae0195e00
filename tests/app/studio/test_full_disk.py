"""The studio on a full or read-only disk: told, nothing half done, and its queue goes on."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from studios import client_of, order, wait_for

from twinbrush.app.studio import shelf
from twinbrush.base.files import output_error


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No job can be written until this is undone."""
    def fails(path: Path, data: bytes) -> Path:
        raise output_error(path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    monkeypatch.setattr(shelf, "write_atomically", fails)
    return monkeypatch


def test_a_disk_that_fills_while_a_job_waits_does_not_end_the_queue(
        client: TestClient, request: pytest.FixtureRequest) -> None:
    slow = order(client, options={"seed": 5}, presets=["fast"])["id"]
    waits = order(client, presets=["fast"])["id"]
    disk = request.getfixturevalue("full")
    assert wait_for(client, waits, "done")["files"]
    assert wait_for(client, slow, "done")["files"]
    refused = client.post("/api/jobs", json={"photo": "demo-astronaut", "style": "demo-oil"})
    assert (refused.status_code, refused.json()["kind"]) == (422, "OutputError")
    assert "the disk is full" in refused.json()["problem"]
    disk.undo()
    assert wait_for(client, order(client, presets=["fast"])["id"], "done")["files"]


def test_what_cannot_be_written_is_not_begun(client: TestClient, request: pytest.FixtureRequest) -> None:
    number = order(client, presets=["fast"])["id"]
    wait_for(client, number, "done")
    request.getfixturevalue("full")
    assert client.post(f"/api/jobs/{number}/reshape", json={"strength": 0.4}).status_code == 422
    assert client.get(f"/api/jobs/{number}").json()["state"] == "done"


def test_a_job_that_cannot_be_removed_stays(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    number = order(client, presets=["fast"])["id"]
    wait_for(client, number, "done")

    def fails(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", fails)
        refused = client.delete(f"/api/jobs/{number}")
    assert (refused.status_code, refused.json()["kind"]) == (422, "OutputError")
    assert client.get(f"/api/jobs/{number}").json()["state"] == "done"
    assert client.delete(f"/api/jobs/{number}").status_code == 204


def test_what_a_killed_service_left_of_a_job_goes_away_and_damaged_ones_stay(tmp_path: Path) -> None:
    half, damaged = tmp_path / "jobs" / "0123456789abcdef", tmp_path / "jobs" / "fedcba9876543210"
    for folder in (half, damaged):
        (folder / "fast" / ".twinbrush").mkdir(parents=True)
        (folder / "fast" / "figure.glb").write_bytes(b"of somebody")
    (damaged / shelf.FILE).write_text("{")
    with client_of(tmp_path) as client:
        assert client.get("/api/jobs").json()["jobs"] == []
    assert not half.exists()
    assert (damaged / "fast" / "figure.glb").exists()
