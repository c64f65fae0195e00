"""The studio's HTTP API, with a stub in the workers' place: orders, refusals, cancel, restart, files."""

from __future__ import annotations

import io
import json
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from studios import client_of, order, png, wait_for

from twinbrush.app.batch.crew import Outcome, Worker
from twinbrush.app.demo import bundled_styles
from twinbrush.app.studio import board, serve
from twinbrush.base.errors import BadOption


def made(folder: Path) -> list[str]:
    log = folder / "made.txt"
    return [" ".join(line.split()[1:]) for line in log.read_text().splitlines()] if log.exists() else []


def test_from_photo_and_style_to_a_downloaded_figure(client: TestClient, tmp_path: Path) -> None:
    photo = client.post("/api/pictures?name=me.png", content=png()).json()
    assert (photo["name"], len(photo["id"])) == ("me.png", 24)
    look = client.post(f"/api/pictures/{photo['id']}/look", json={"role": "photo"}).json()
    assert (look["trouble"], len(look["landmarks"])) == (None, 68)
    job = order(client, photo=photo["id"], options={"strength": 0.7, "skin": "style", "keep-colours": True})
    job = wait_for(client, job["id"], "done")
    assert made(tmp_path) == [f"{job['id']} stylize fast", f"{job['id']} stylize default"]
    assert (job["made"], job["share"], job["version"], job["warnings"]) == ("default", 1.0, 2, ["A remark."])
    glb = client.get(f"/api/jobs/{job['id']}/files/figure.glb?download=true")
    assert glb.content == b"of figure.glb"
    assert "attachment" in glb.headers["content-disposition"]
    packed = zipfile.ZipFile(io.BytesIO(client.get(f"/api/jobs/{job['id']}/figure.zip").content))
    assert packed.namelist() == ["figure.obj", "figure.mtl", "figure.png"]
    assert client.get(f"/api/jobs/{job['id']}/thumb.jpg").headers["content-type"] == "image/jpeg"
    assert client.get(f"/api/pictures/{photo['id']}/preview.jpg").status_code == 200


def test_reshape_and_print(client: TestClient) -> None:
    number = order(client, presets=["fast"])["id"]
    wait_for(client, number, "done")
    assert client.post(f"/api/jobs/{number}/reshape", json={"strength": 9}).status_code == 422
    assert client.post(f"/api/jobs/{number}/reshape", json={
        "strength": 0.4, "caricature": 1.2, "relief": 0.3}).status_code == 200
    shape = {"strength": 0.4, "caricature": 1.2, "hair_shape": None, "relief": 0.3}
    assert wait_for(client, number, "done")["shape"] == shape
    client.post(f"/api/jobs/{number}/print")
    job = wait_for(client, number, "done")
    assert job["printable"]
    assert "figure.stl" in job["files"]
    assert job["shape"]["strength"] == 0.4


def test_regions_are_drawn_for_the_brush(client: TestClient) -> None:
    photo = client.post("/api/pictures?name=me.png", content=png(120, 80)).json()["id"]
    answer = client.post(f"/api/pictures/{photo}/regions", json={"role": "photo"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    with Image.open(io.BytesIO(answer.content)) as drawn:
        assert drawn.size == (60, 40)
    faceless = client.post("/api/pictures?name=x.png", content=png(93)).json()["id"]
    refused = client.post(f"/api/pictures/{faceless}/regions", json={"role": "style"})
    assert (refused.status_code, refused.json()["kind"]) == (422, "FaceNotFound")
    assert client.post(f"/api/pictures/{'0' * 24}/regions", json={"role": "photo"}).status_code == 404


def test_refusals_come_in_the_command_lines_words_at_their_place(client: TestClient) -> None:
    style = client.post("/api/pictures?name=my%20drawing.png", content=png(90)).json()["id"]
    look = client.post(f"/api/pictures/{style}/look", json={"role": "style"}).json()
    trouble = look["trouble"]
    assert trouble["problem"] == "my drawing.png: no face found (best score 0.10, needed 0.50)."
    assert "five clicks" in trouble["remedy"]
    assert (trouble["kind"], trouble["where"], look["width"]) == ("FaceNotFound", "style", 90)
    clicked = {"role": "style", "face": {"clicks": [[20, 20], [40, 20], [30, 30], [25, 40], [35, 40]]}}
    assert client.post(f"/api/pictures/{style}/look", json=clicked).json()["trouble"] is None
    several = client.post("/api/pictures?name=two.png", content=png(91)).json()["id"]
    boxes = client.post(f"/api/pictures/{several}/look", json={}).json()["trouble"]["boxes"]
    assert boxes == [[5, 5, 30, 30], [40, 5, 70, 30]]
    number = order(client, style=style, options={"seed": 7})["id"]
    job = wait_for(client, number, "refused")
    assert job["trouble"]["where"] == "style"
    assert job["trouble"]["problem"].startswith("my drawing.png: no face found")


def test_crashes_and_deaths_are_told_and_the_next_job_has_its_turn(client: TestClient) -> None:
    broken, dying, good = (order(client, options={"seed": seed}, presets=["fast"])["id"] for seed in (9, 8, 1))
    assert "a fault of ours" in wait_for(client, broken, "crashed")["trouble"]["problem"]
    assert "ended 3 times" in wait_for(client, dying, "crashed")["trouble"]["problem"]
    assert wait_for(client, good, "done")["made"] == "fast"
    assert client.post(f"/api/jobs/{broken}/again").json()["state"] == "queued"


def test_cancel_while_waiting_and_while_working(client: TestClient) -> None:
    slow, waiting = order(client, options={"seed": 5})["id"], order(client)["id"]
    wait_for(client, slow, "running")
    assert client.post(f"/api/jobs/{waiting}/cancel").json()["state"] == "cancelled"
    assert client.delete(f"/api/jobs/{slow}").status_code == 422
    client.post(f"/api/jobs/{slow}/cancel")
    assert wait_for(client, slow, "cancelled")["trouble"] is None
    assert client.delete(f"/api/jobs/{slow}").status_code == 204
    assert client.get(f"/api/jobs/{slow}").status_code == 404


def test_cancel_just_before_the_worker_has_its_task(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    wait_for(client, order(client, presets=["fast"])["id"], "done")  # the worker is there
    perform, began = Worker.perform, time.monotonic()

    def performed(worker: Worker, task: dict[str, Any], *given: Any) -> Outcome:
        for job in client.get("/api/jobs").json()["jobs"]:
            client.post(f"/api/jobs/{job['id']}/cancel")
        return perform(worker, task, *given)

    monkeypatch.setattr(Worker, "perform", performed)
    wait_for(client, order(client, options={"seed": 5}, presets=["fast"])["id"], "cancelled")
    assert time.monotonic() - began < 5  # the task takes six seconds


def test_jobs_are_found_again_after_a_restart(tmp_path: Path) -> None:
    with client_of(tmp_path) as first:
        done = order(first, presets=["fast"])["id"]
        wait_for(first, done, "done")
        under_way = order(first, options={"seed": 5}, presets=["fast"])["id"]
        while not any(under_way in line for line in made(tmp_path)):
            wait_for(first, under_way, "running")
        waiting = order(first, presets=["fast"])["id"]
    (tmp_path / "jobs" / "0123456789abcdef").mkdir()
    (tmp_path / "jobs" / "0123456789abcdef" / "job.json").write_text('{"id": "../../etc"}')
    with client_of(tmp_path) as second:
        jobs = {job["id"]: job["state"] for job in second.get("/api/jobs").json()["jobs"]}
        assert jobs.keys() == {done, under_way, waiting}
        assert jobs[done] == "done"
        wait_for(second, under_way, "done")
        wait_for(second, waiting, "done")
    assert made(tmp_path).count(f"{done} stylize fast") == 1
    assert made(tmp_path).count(f"{under_way} stylize fast") == 2


def test_sixty_four_orders_at_once_are_each_done_once(client: TestClient, tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        numbers = list(pool.map(lambda seed: order(client, presets=["fast"], options={"seed": 100 + seed})["id"],
                                range(64)))
    for number in numbers:
        wait_for(client, number, "done")
    assert sorted(made(tmp_path)) == sorted(f"{number} stylize fast" for number in numbers)
    numbered = [job["number"] for job in client.get("/api/jobs").json()["jobs"]]
    assert sorted(numbered) == list(range(1, 65))


def test_the_queue_has_an_end(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "MOST_WAITING", 1)
    order(client, options={"seed": 5})
    answer = client.post("/api/jobs", json={"photo": "demo-astronaut", "style": "demo-oil"})
    assert (answer.status_code, answer.json()["kind"]) == (429, "QueueFull")


def test_the_description_and_the_page_are_there(client: TestClient) -> None:
    paths = client.get("/api/openapi.json").json()["paths"]
    assert {"/api/jobs", "/api/pictures", "/api/jobs/{number}/files/{name}"} <= paths.keys()
    whole = 0
    for address in ("/", "/page/studio.css", "/page/studio.js", "/page/marks.js", "/page/brush.js", "/api/docs",
                    "/page/api.js", *(f"/page/{name}.jpg" for name in (*bundled_styles(), "astronaut"))):
        answer = client.get(address)
        assert answer.status_code == 200, address
        whole += len(answer.content)
        assert b"//cdn" not in answer.content
    assert whole < 1_000_000
    shown = {slider["name"] for slider in client.get("/api/options").json()}
    assert shown == {"strength", "caricature", "hair-shape", "identity", "style-strength"}


def test_what_is_kept_names_no_place(client: TestClient, tmp_path: Path) -> None:
    number = order(client, presets=["fast"])["id"]
    job = wait_for(client, number, "done")
    assert str(tmp_path) not in json.dumps(job)


def test_missing_packages_and_taken_ports_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with serve._listening(0) as taken, pytest.raises(BadOption, match="--port"):
        serve.serve(tmp_path, taken.getsockname()[1], browse=False, say=print)
    monkeypatch.setattr(serve, "NEEDED", ("fastapi", "no_such_package"))
    with pytest.raises(BadOption, match="pip install"):
        serve.serve(tmp_path, 0, browse=False, say=print)
