"""Train the network of `twinbrush.regions`: `python training/train_regions.py PICTURES -o weights.safetensors`.

PICTURES is the folder that `region_pictures.py` filled. The encoder begins with the student extractor's weights. Loss:
cross entropy over the six classes (rare ones and borders weigh more), soft Dice, and binary cross entropy of glasses.
`--validate NAME ...` keeps these pictures out and prints their mean intersection over union.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import torch
from region_network import RegionNet, export
from region_styles import carved, kind_of, relit, throat_shaded
from safetensors.torch import load_file, save_file
from torch.nn import functional

from twinbrush.faces import indices
from twinbrush.maths.filters import polygon_mask, signed_distance
from twinbrush.regions.frame import ORIGIN_V, OVAL_REACH, SIDE
from twinbrush.regions.likeness import likeness_maps
from twinbrush.regions.network import WEIGHTS_IN_TRAINING

SIZE, STORED, STORED_SIDE = 192, 240, 4.5
UNIT = SIZE / SIDE
ROOT = Path(__file__).resolve().parents[1]
STUDENT = ROOT / "src" / "twinbrush" / "stylize" / "features" / "student.safetensors"
BORDER_WEIGHT = 2.0  # more, within three pixels of a border between classes
# Shares of the samples that learn to do without.
WITHOUT_MODNET, WITHOUT_SELFIE, WITHOUT_RIVAL, WITHOUT_LIKENESS = 0.12, 0.08, 0.05, 0.06
SHARES = {"drawn": 0.27, "casual": 0.38, "photo": 0.12, "painting": 0.23}  # of the samples, by kind of picture
CARVED, THROATS = 0.05, 0.12  # shares of the samples of one stuff, and with the chin's shadow on the throat
IN_OTHER_LIGHT = 0.5  # share of the samples that are relit once more, so that few variants do for many lights
REFRESH = 100  # steps after which new variants are looked for


class Pictures:
    """The variants in memory; a sample is one of them, moved, turned, mirrored."""

    def __init__(self, folder: Path, left_out: set[str]) -> None:
        self.folder, self.left_out, self.known = folder, left_out, set[Path]()
        self.items: list[dict[str, np.ndarray]] = []
        self.names: list[str] = []
        self.numbers: list[int] = []
        self.refresh()

    def refresh(self) -> None:
        """Take in the variants that have come since: they may still be in the making."""
        for path in sorted(set(self.folder.glob("*.npz")) - self.known):
            name, number = path.stem.rsplit(".", 1)
            if name not in self.left_out:
                try:
                    with np.load(path) as data:
                        item = {key: data[key] for key in data.files}
                except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):  # half written
                    continue
                self.items.append(item)
                self.names.append(name)
                self.numbers.append(int(number))
            self.known.add(path)
        self.by_name = {name: np.flatnonzero(np.array(self.names) == name) for name in sorted(set(self.names))}

    def sample(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """One random sample: of each kind of picture its share, and within a kind every picture is as likely as any
        other, however many variants it has."""
        groups = [[name for name in self.by_name if kind_of(name) == kind] for kind in SHARES]
        shares = np.array([share if group else 0.0 for share, group in zip(SHARES.values(), groups, strict=True)])
        names = groups[rng.choice(len(groups), p=shares / shares.sum())]
        item = self.items[rng.choice(self.by_name[names[rng.integers(len(names))]])]
        turn, zoom = np.radians(rng.normal(0, 5)), np.exp(rng.normal(0, 0.06))
        return drawn(item, rng, turn, zoom, rng.normal(0, 0.04, 2) * UNIT, bool(rng.random() < 0.5))


def drawn(item: dict[str, np.ndarray], rng: np.random.Generator | None, turn: float = 0.0, zoom: float = 1.0,
          shift: np.ndarray | None = None, mirror: bool = False) -> dict[str, np.ndarray]:
    """A stored variant as the network sees it: colours, maps, labels, glasses."""
    rotation = zoom * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    eyes = (np.array([STORED_SIDE / 2, ORIGIN_V + (STORED_SIDE - SIDE) / 2])) * STORED / STORED_SIDE - 0.5
    target = np.array([SIDE / 2, ORIGIN_V]) * UNIT - 0.5 + (0 if shift is None else shift)
    matrix = np.concatenate([rotation, (target - rotation @ eyes)[:, None]], 1)
    size = (SIZE, SIZE)
    image = cv2.warpAffine(item["image"], matrix, size, borderMode=cv2.BORDER_REPLICATE).astype(np.float32) / 255
    maps = [cv2.warpAffine(m, matrix, size).astype(np.float32) / 255 for m in item["maps"]]
    labels = cv2.warpAffine(item["labels"], matrix, size, flags=cv2.INTER_NEAREST, borderValue=(255,))
    glasses = cv2.warpAffine(item["glasses"].astype(np.uint8), matrix, size, flags=cv2.INTER_NEAREST)
    inside = cv2.warpAffine(item["inside"], matrix, size, flags=cv2.INTER_NEAREST).astype(np.float32)
    points = item["points"] @ rotation.T + matrix[:, 2]
    if rng is not None:
        if rng.random() < WITHOUT_MODNET:
            maps[0] = maps[1]
        elif rng.random() < WITHOUT_SELFIE:
            maps[1] = maps[0]
        if rng.random() < WITHOUT_RIVAL:
            maps[2] = np.zeros_like(maps[2])
        if rng.random() < CARVED:
            image = carved(image, rng)
        elif rng.random() < THROATS:
            u, v = places_of(points)[:2] * SIDE / 2
            image = throat_shaded(image, u, v, rng)
        if rng.random() < IN_OTHER_LIGHT:
            image = relit(image, rng, SIZE / 640)
        image = np.clip((image - 0.5) * rng.uniform(0.9, 1.1) + 0.5 + rng.normal(0, 0.03, 3), 0, 1).astype(np.float32)
        points = points + rng.normal(0, 0.015, 2) * UNIT
    places = places_of(points)
    places = np.concatenate([places, maps[2][None]]).astype(np.float32)
    likeness = likeness_maps(image, np.stack(maps[:2]), inside > 0.5, places)
    if rng is not None:
        likeness *= (rng.random(4) > WITHOUT_LIKENESS)[:, None, None]
    channels = np.concatenate([np.stack([*maps[:2], inside]), places, likeness]).astype(np.float32)
    if mirror:
        image, channels, labels, glasses = (a[..., ::-1] if a is not image else a[:, ::-1]
                                            for a in (image, channels, labels, glasses))
        channels = channels.copy()
        channels[3] *= -1
    return {"image": np.ascontiguousarray(image.transpose(2, 0, 1)), "maps": np.ascontiguousarray(channels),
            "labels": np.ascontiguousarray(labels), "glasses": np.ascontiguousarray(glasses)}


def places_of(points: np.ndarray) -> np.ndarray:
    """`frame.place_maps` but for another's head, about landmarks in pixels of the square."""
    u = ((np.arange(SIZE) + 0.5) / UNIT - SIDE / 2) / (SIDE / 2)
    v = ((np.arange(SIZE) + 0.5) / UNIT - ORIGIN_V) / (SIDE / 2)
    oval = signed_distance(polygon_mask((SIZE, SIZE), points[list(indices.OVAL)])) / UNIT
    features = np.zeros((SIZE, SIZE), bool)
    for part in (indices.EYE_LEFT, indices.EYE_RIGHT, indices.BROW_LEFT, indices.BROW_RIGHT):
        features |= polygon_mask((SIZE, SIZE), points[list(part)])
    lips = polygon_mask((SIZE, SIZE), points[list(indices.LIPS_OUTER)])
    uu, vv = np.meshgrid(u, v)
    return np.stack([uu, vv, np.clip(oval / OVAL_REACH, -1, 1), features, lips]).astype(np.float32)


def begun() -> RegionNet:
    """The network with the student extractor's convolutions as its encoder."""
    net = RegionNet()
    student = load_file(STUDENT)
    state = net.state_dict()
    for key in state:
        if key.startswith("blocks."):
            state[key] = student[key].float()
    net.load_state_dict(state)
    return net


def loss_of(logits: torch.Tensor, labels: torch.Tensor, glasses: torch.Tensor) -> torch.Tensor:
    """Cross entropy + soft Dice + glasses (255: no label)."""
    seen = glasses != 255
    glasses = torch.where(seen, glasses, 0)
    known = labels != 255
    safe = torch.where(known, labels, 0).long()
    one_hot = functional.one_hot(safe, 6).permute(0, 3, 1, 2).float() * known[:, None]
    border = functional.max_pool2d(one_hot, 7, 1, 3).sum(1) > 1.5
    weight = known * torch.tensor(WEIGHTS_IN_TRAINING)[safe] * (1 + (BORDER_WEIGHT - 1) * border)
    entropy = (functional.cross_entropy(logits[:, :6], safe, reduction="none") * weight).sum() / weight.sum()
    odds = logits[:, :6].softmax(1) * known[:, None]
    both, all_of = (odds * one_hot).sum((0, 2, 3)), (odds + one_hot).sum((0, 2, 3))
    present = one_hot.sum((0, 2, 3)) > 0
    dice = (1 - (2 * both + 1) / (all_of + 1))[present].mean()
    lens = functional.binary_cross_entropy_with_logits(logits[:, 6], glasses.float(), reduction="none")
    lens = (lens * (1 + 4 * glasses) * (known & seen)).mean()
    return entropy + 0.5 * dice + 0.5 * lens


def batch_of(samples: list[dict[str, np.ndarray]]) -> list[torch.Tensor]:
    """Stacked tensors: image, maps, labels, glasses."""
    return [torch.from_numpy(np.stack([s[key] for s in samples])) for key in ("image", "maps", "labels", "glasses")]


def batches(pictures: Pictures, steps: int, size: int, seed: int) -> Iterator[list[torch.Tensor]]:
    """Batches drawn by another process, two ahead."""
    global _PICTURES
    _PICTURES = pictures
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        waiting = [pool.submit(_samples, size, seed, step) for step in range(min(3, steps))]
        for step in range(steps):
            samples = waiting.pop(0).result()
            if step + 3 < steps:
                waiting.append(pool.submit(_samples, size, seed, step + 3))
            yield batch_of(samples)


_PICTURES: Pictures | None = None


def _samples(size: int, seed: int, step: int) -> list[dict[str, np.ndarray]]:
    assert _PICTURES is not None
    if step % REFRESH == 0:
        _PICTURES.refresh()
    rng = np.random.default_rng([seed, step])
    return [_PICTURES.sample(rng) for _ in range(size)]


def validate(net: RegionNet, pictures: Pictures) -> dict[str, float]:
    """Mean intersection over union of each class and of the person, over the unchanged pictures."""
    scores: dict[str, list[float]] = {}
    net.eval()
    for item, number in zip(pictures.items, pictures.numbers, strict=True):
        if number:
            continue
        sample = drawn(item, None)
        image, maps, labels, _ = batch_of([sample])
        with torch.no_grad():
            found = net(image, maps)[0, :6].argmax(0).numpy()
        truth = labels[0].numpy()
        known = truth < 6
        for name, k in (("skin", 1), ("hair", 2), ("beard", 3), ("cloth", 4), ("headwear", 5), ("person", -1)):
            a, b = ((found > 0, truth > 0) if k < 0 else (found == k, truth == k))
            a, b = a & known, b & known
            if b.sum() > 30:
                scores.setdefault(name, []).append(float((a & b).sum() / (a | b).sum()))
    net.train()
    return {name: float(np.mean(values)) for name, values in scores.items()}


def main() -> None:
    """Parse the command line, train, write the weights (float16)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--batch", type=int, default=6)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--begin", type=Path, help="weights to go on from")
    parser.add_argument("--onnx", type=Path, help="write the network for the package here")
    parser.add_argument("--validate", nargs="*", default=[])
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    pictures, kept_out = Pictures(options.pictures, set(options.validate)), Pictures(options.pictures, set())
    kept = [k for k, name in enumerate(kept_out.names) if name in options.validate]
    kept_out.items, kept_out.numbers = [kept_out.items[k] for k in kept], [kept_out.numbers[k] for k in kept]
    net = begun()
    if options.begin:
        net.load_state_dict({k: v.float() for k, v in load_file(options.begin).items()})
    net = net.to(memory_format=torch.channels_last)
    encoder = [p for n, p in net.named_parameters() if n.startswith("blocks.")]
    rest = [p for n, p in net.named_parameters() if not n.startswith("blocks.")]
    optimizer = torch.optim.AdamW([{"params": encoder, "lr": 0.15 * options.rate}, {"params": rest}],
                                  lr=options.rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, [0.15 * options.rate, options.rate], options.steps,
                                                   pct_start=0.1)
    start, mean = time.time(), 0.0
    for step, batch in enumerate(batches(pictures, options.steps, options.batch, options.seed)):
        image, maps, labels, glasses = batch
        with torch.autocast("cpu", torch.bfloat16):
            logits = net(image, maps)
        loss = loss_of(logits.float(), labels, glasses)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimizer.step()
        schedule.step()
        mean += (float(loss.detach()) - mean) / min(step + 1, 50)
        if step % 50 == 49 or step + 1 == options.steps:
            print(f"{step + 1:5d} loss {mean:.4f}  {time.time() - start:.0f} s", flush=True)
        if kept and (step % 200 == 199 or step + 1 == options.steps):
            print({k: round(v, 3) for k, v in validate(net, kept_out).items()}, flush=True)
        if step % 200 == 199:
            save_file({k: v.half().contiguous() for k, v in net.state_dict().items()}, options.out)
    save_file({k: v.half().contiguous() for k, v in net.state_dict().items()}, options.out)
    if options.onnx:
        export(net, options.onnx)


if __name__ == "__main__":
    main()
