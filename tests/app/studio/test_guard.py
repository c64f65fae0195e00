"""Nothing from elsewhere is answered, and nothing that is sent is taken for a path, an option or a picture."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from studios import PORT, order, png, wait_for

from twinbrush.app.studio import pictures

ORDER = {"photo": "demo-astronaut", "style": "demo-oil"}


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:1", "", "localhost."])
def test_other_names_are_refused(client: TestClient, host: str) -> None:
    for method, path in (("GET", "/"), ("GET", "/api/jobs"), ("POST", "/api/jobs"), ("GET", "/page/oil.jpg")):
        answer = client.request(method, path, headers={"host": host})
        assert answer.status_code == 421
        assert answer.json()["remedy"]


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
def test_names_of_this_machine_are_answered(client: TestClient, name: str) -> None:
    assert client.get("/api/jobs", headers={"host": f"{name}:{PORT}"}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", f"https://127.0.0.1:{PORT}", "http://127.0.0.1:1"])
def test_foreign_origins_are_refused(client: TestClient, origin: str) -> None:
    for method, path in (("POST", "/api/jobs"), ("POST", "/api/pictures"), ("GET", "/api/jobs")):
        assert client.request(method, path, headers={"origin": origin}).status_code == 403
    assert client.post("/api/jobs", json=ORDER, headers={"origin": f"http://127.0.0.1:{PORT}"}).status_code == 201
    assert client.get("/api/jobs", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.post("/api/jobs", json=ORDER, headers={"sec-fetch-site": "same-site"}).status_code == 403


def test_answers_keep_others_out(client: TestClient) -> None:
    headers = client.get("/").headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in headers
    number = order(client, presets=["fast"])["id"]
    wait_for(client, number, "done")
    viewer = client.get(f"/api/jobs/{number}/files/viewer.html").headers
    assert "frame-ancestors 'self'" in viewer["content-security-policy"]


@pytest.mark.parametrize("name", [
    "../job.json", "..%2fjob.json", "%2e%2e/job.json", "/etc/passwd", "%2fetc%2fpasswd", ".twinbrush", "job.json",
    "a" * 5000, "figure.glb%00", "..\\job.json"])
def test_only_listed_files_are_given(client: TestClient, name: str) -> None:
    number = order(client, presets=["fast"])["id"]
    wait_for(client, number, "done")
    assert client.get(f"/api/jobs/{number}/files/{name}").status_code in (404, 422)
    assert client.get(f"/page/{name}").status_code in (404, 422)


@pytest.mark.parametrize("number", ["..", "demo-..%2f..", "demo-oil.png", "0" * 23, "%2e%2e%2f", "demo-no", "g" * 24])
def test_numbers_are_no_paths(client: TestClient, number: str) -> None:
    assert client.get(f"/api/pictures/{number}/preview.jpg").status_code in (404, 422)
    assert client.post(f"/api/pictures/{number}/look", json={}).status_code in (404, 405, 422)
    assert client.get(f"/api/jobs/{number}").status_code in (404, 405, 422)
    assert client.post("/api/jobs", json={"photo": number, "style": "demo-oil"}).status_code == 422


def test_names_of_uploads_are_for_people_only(client: TestClient, tmp_path: Path) -> None:
    before = set(tmp_path.parent.rglob("*"))
    for name in ("../../up.png", "/etc/passwd", "C:\\a\\b.png", "\x1b[31m\u202e.png", "x" * 300, ""):
        answer = client.post("/api/pictures", params={"name": name}, content=png())
        assert answer.status_code == 201
        assert "/" not in answer.json()["name"]
        assert answer.json()["name"].isprintable()
    new = set(tmp_path.parent.rglob("*")) - before
    assert {path.name for path in new if path.is_file()} == {
        "picture.json", f"{answer.json()['id']}.png"}


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that tells of many pixels."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"\0" * 100_000)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(("data", "says"), [
    (bomb(60_000, 60_000), "million pixels"), (bomb(9000, 9000), "million pixels"), (b"", "empty"),
    (b"<svg onload=x>", "not a picture"), (b"%!PS-Adobe-3.0 EPSF-3.0\n", "not a picture"), (png(10, 10), "too small"),
    (png(64, 2000), "too long and narrow")])
def test_what_is_no_usable_picture_is_refused_by_name(
    client: TestClient, tmp_path: Path, data: bytes, says: str
) -> None:
    answer = client.post("/api/pictures?name=thing.png", content=data)
    assert answer.status_code == 422
    assert says in answer.json()["problem"]
    assert answer.json()["problem"].startswith("thing.png: ")
    assert list((tmp_path / "pictures").iterdir()) == []


def test_uploads_have_a_cap(client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "UPLOAD_MB", 1)
    answer = client.post("/api/pictures", content=b"x" * 1_100_000)
    assert (answer.status_code, answer.json()["kind"]) == (413, "TooLarge")
    assert list((tmp_path / "pictures").iterdir()) == []


@pytest.mark.parametrize("options", [
    {"mask": "/etc/passwd"}, {"style.landmarks": "x"}, {"weights": "x"}, {"strength": "1 --mask /etc/passwd"},
    {"--strength": 1}, {"device": "cuda"}, {"skin": "/etc"}, {"cache": False}, {"strength": "1e999x/"}, {"help": True},
    {"o": "x"}, {"strength": 99}, {"no-such-option": 1}, {"face": 1}, {"style.box": "1 2 3 4"}])
def test_options_name_no_files_and_no_other_options(client: TestClient, options: dict[str, object]) -> None:
    answer = client.post("/api/jobs", json={**ORDER, "options": options})
    assert answer.status_code == 422
    assert answer.json()["remedy"]


@pytest.mark.parametrize("body", [
    b"", b"[]", b"{", b"null", b'{"photo": "demo-oil"}', b'{"photo": "demo-oil", "style": "demo-oil", "more": 1}',
    b"[" * 100_000, b'{"photo": "demo-oil", "style": "demo-oil", "photo_face": {"box": [1, 2, NaN, 4]}}',
    b"x" * 2_000_000])
def test_requests_that_make_no_sense_are_refused(client: TestClient, body: bytes) -> None:
    answer = client.post("/api/jobs", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
