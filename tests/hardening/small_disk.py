"""A disk of its own for a command: run as `unshare -rm python small_disk.py FOLDER`, with a list of steps as JSON on
standard input. Answers one JSON value a step: of a command [exit code, standard error], of `look` {file: sha256}."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def look(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def mount(options: str, folder: Path, *, again: bool) -> None:
    source = [] if again else ["-t", "tmpfs", "none"]
    chosen = f"remount,{options}" if again else options
    for _ in range(200):  # a disk on which a file is being written can't become read-only
        done = subprocess.run(["mount", *source, "-o", chosen, str(folder)], capture_output=True, check=False)
        if done.returncode == 0:
            return
        time.sleep(0.01)
    raise SystemExit(f"mount {chosen}: refused")


def carry_out(step: dict[str, Any], folder: Path) -> object:
    """step: {"run": words, "read_only_after": seconds or None}, {"mount": options}, {"left": KB} or {"look": True}."""
    if "mount" in step:
        return mount(step["mount"], folder, again=os.path.ismount(folder))
    if "left" in step:
        disk = os.statvfs(folder)
        used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize // 1024
        return mount(f"size={used + step['left']}k", folder, again=True)
    if "look" in step:
        return look(folder)
    running = subprocess.Popen(step["run"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if step.get("read_only_after") is not None:
        time.sleep(step["read_only_after"])
        mount("ro", folder, again=True)
    said = running.communicate()[1]
    return [running.returncode, said]


if __name__ == "__main__":
    place = Path(sys.argv[1])
    print(json.dumps([carry_out(step, place) for step in json.load(sys.stdin)]))
