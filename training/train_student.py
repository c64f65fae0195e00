"""Trains the built-in extractor.

    python training/train_student.py --teacher VGG19.safetensors --pictures DIR... --out DIR

Needs the teacher's weights (Oxford VGG-19 conv1-3, CC BY 4.0; see MODEL_CARD.md) and folders of pictures. Runs on one
core or on a CUDA GPU. Counted in steps: rate and crops follow the step's number, so that the same command on the same
machine gives the same network. Checkpoints every 200 steps, from which `--resume` goes on; `--continue-from FILE`
begins at the weights of an earlier student.safetensors. `--level-weights`: what the losses of each level count.
Losses, all relative to the teacher's own spread: squared error of the projected
features, the same half whitened, cosine distance, and the gradient of <w, features> with respect to the image, where
w are differences between the teacher's features at other places: the directions an optimisation pulls in.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from pictures import Source, folder_source, sample, skimage_paths
from safetensors.torch import load_file, save_file
from torch import Tensor

from twinbrush.paint.features.student import HEADS, StudentNet
from twinbrush.paint.features.vgg import VGG19_LOW_LAYERS, Vgg

TAPS = ("1_2", "2_2", "3_2")
HELD_OUT = ("45_1373", "12_1254", "picasso_selfport1907", "ukiyoe_2", "chelsea", "coffee")


class Teacher:
    """VGG-19 features projected on the leading directions of their uncentred second moment."""

    def __init__(self, path: Path, device: torch.device, dtype: torch.dtype) -> None:
        net = Vgg(load_file(str(path)), VGG19_LOW_LAYERS, TAPS, preprocessing="caffe")
        self.net, self.dtype = net.to(device=device), dtype
        self.net.convolutions.to(dtype)
        self.projections: list[Tensor] = []
        self.means: list[Tensor] = []
        self.deviations: list[Tensor] = []  # of every projected dimension

    def fit(self, draw: Callable[[], Tensor], batches: int = 40) -> list[float]:
        """Fix the projections; returns the share of the variance (about the mean) kept per level."""
        moments: list[Tensor | float] = [0.0] * len(HEADS)
        sums: list[Tensor | float] = [0.0] * len(HEADS)
        counts = [0] * len(HEADS)
        with torch.no_grad():
            for _ in range(batches):
                for level, feature in enumerate(self.net(draw())):
                    flat = feature.float().permute(1, 0, 2, 3).flatten(1)
                    moments[level] = moments[level] + (flat @ flat.T).double()
                    sums[level] = sums[level] + flat.sum(1).double()
                    counts[level] += flat.shape[1]
        kept: list[float] = []
        for moment, total, count, dims in zip(moments, sums, counts, HEADS, strict=True):
            assert isinstance(moment, Tensor)
            assert isinstance(total, Tensor)
            second, mean = moment / count, total / count
            projection = torch.linalg.eigh(second)[1].flip(1)[:, :dims]
            covariance = second - torch.outer(mean, mean)
            inside = projection.T @ covariance @ projection
            kept.append(float(inside.trace() / covariance.trace()))
            scale = inside.trace().sqrt()  # one number a level: cosines do not see it, the optimiser does
            self.projections.append((projection / scale).float())
            self.means.append((projection.T @ mean / scale).float())
            self.deviations.append((inside.diagonal().sqrt() / scale).float())
        return kept

    def __call__(self, images: Tensor) -> list[Tensor]:
        features = self.net(images)
        return [
            torch.nn.functional.conv2d(f, p.T[:, :, None, None].to(f.dtype)).float()
            for f, p in zip(features, self.projections, strict=True)
        ]

    def align(self, student: Callable[[Tensor], list[Tensor]], images: Tensor) -> list[float]:
        """Turn each projection inside its subspace so that it fits a trained student best (orthogonal Procrustes):
        which basis of the subspace is used is arbitrary. Returns 1 for levels that need not be turned."""
        unturned: list[float] = []
        with torch.no_grad():
            predicted = [p.float() for p in student(images)]
            for level, (p, t) in enumerate(zip(predicted, self(images), strict=True)):
                u, _, vh = torch.linalg.svd(t.permute(1, 0, 2, 3).flatten(1) @ p.permute(1, 0, 2, 3).flatten(1).T)
                turn = u @ vh
                covariance = turn.T @ self.deviations[level].square().diag() @ turn
                self.projections[level] = self.projections[level] @ turn
                self.means[level] = turn.T @ self.means[level]
                self.deviations[level] = covariance.diagonal().sqrt()
                unturned.append(float(turn.diagonal().abs().mean()))
        return unturned

    def state(self) -> dict[str, Tensor]:
        """Projections, means and deviations, named."""
        named = {}
        for level in range(len(self.projections)):
            named[f"projection{level}"] = self.projections[level].contiguous()
            named[f"mean{level}"] = self.means[level]
            named[f"deviation{level}"] = self.deviations[level]
        return named

    def load(self, state: dict[str, Tensor]) -> None:
        """Take projections from `state`."""
        for level in range(len(HEADS)):
            self.projections.append(state[f"projection{level}"])
            self.means.append(state[f"mean{level}"])
            self.deviations.append(state[f"deviation{level}"])


def directions(targets: list[Tensor], teacher: Teacher) -> list[Tensor]:
    """Differences to the teacher's features of other places, per level, at unit mean norm times 1 / pixels^0.5."""
    result: list[Tensor] = []
    for target, deviation in zip(targets, teacher.deviations, strict=True):
        n, c, h, w = target.shape
        flat = target.permute(0, 2, 3, 1).reshape(-1, c)
        other = flat[torch.randperm(len(flat), device=flat.device)].view(n, h, w, c).permute(0, 3, 1, 2)
        norm = deviation.square().sum().sqrt() * (h * w) ** 0.5
        result.append((other - target) / norm / deviation.square().sum().sqrt())
    return result


def level_losses(predicted: list[Tensor], targets: list[Tensor], teacher: Teacher) -> list[Tensor]:
    """Feature losses of the three levels: relative squared error, half whitened squared error, cosine distance."""
    result: list[Tensor] = []
    for p, t, deviation in zip(predicted, targets, teacher.deviations, strict=True):
        error = (p - t).square().mean((0, 2, 3))
        variance = deviation.square()
        half_whitened = (error / deviation).sum() / deviation.sum()
        cosine = 1 - torch.nn.functional.cosine_similarity(p, t, dim=1).mean()
        result.append(error.sum() / variance.sum() + half_whitened + 4 * cosine)
    return result


def gradient_errors(
    net: Callable[[Tensor], list[Tensor]], teacher: Teacher, images: Tensor, *, create_graph: bool, combined: bool
) -> tuple[list[Tensor], list[Tensor], list[tuple[Tensor, Tensor]]]:
    """(student features, teacher features, [(student gradient, teacher gradient)] of <w, features>).

    combined: one gradient of all levels together (training) instead of one each (evaluation).
    """
    for_teacher, for_student = images.clone().requires_grad_(), images.clone().requires_grad_()
    targets, predicted = teacher(for_teacher), net(for_student)
    weights = directions([t.detach() for t in targets], teacher)
    dots = [((p * w).sum(), (t * w).sum()) for p, t, w in zip(predicted, targets, weights, strict=True)]
    if combined:
        dots = [(sum(d[0] for d in dots), sum(d[1] for d in dots))]  # type: ignore[list-item]
    pairs = []
    for student_dot, teacher_dot in dots:
        (g_t,) = torch.autograd.grad(teacher_dot, for_teacher, retain_graph=not combined)
        (g_s,) = torch.autograd.grad(student_dot, for_student, create_graph=create_graph, retain_graph=True)
        pairs.append((g_s, g_t.detach()))
    return predicted, [t.detach() for t in targets], pairs


def evaluate(net: Callable[[Tensor], list[Tensor]], teacher: Teacher, batches: list[Tensor]) -> dict[str, float]:
    """R^2 and gradient cosine per level on held-out crops (variance about the training mean)."""
    error, spread, cosine = np.zeros(3), np.zeros(3), np.zeros(3)
    for images in batches:
        predicted, targets, pairs = gradient_errors(net, teacher, images, create_graph=False, combined=False)
        for level in range(3):
            mean = teacher.means[level].view(1, -1, 1, 1)
            error[level] += float((predicted[level].detach() - targets[level]).square().sum())
            spread[level] += float((targets[level] - mean).square().sum())
            g_s, g_t = pairs[level]
            cosine[level] += float(torch.nn.functional.cosine_similarity(g_s.flatten(1), g_t.flatten(1)).mean())
    result = {f"r2_{k + 1}": 1 - error[k] / spread[k] for k in range(3)}
    return result | {f"gradient_cosine_{k + 1}": cosine[k] / len(batches) for k in range(3)}


def gather(folders: list[Path], teacher_held_out: bool) -> list[Source]:
    """Pictures of the folders (each one source) and scikit-image's; held-out names only, or all others."""
    sources: list[Source] = []
    for folder in folders:
        paths = [p for p in folder.iterdir() if (p.stem in HELD_OUT) == teacher_held_out]
        sources.append(folder_source(folder.name, 3.0, paths))
    bundled = [p for p in skimage_paths() if (p.stem in HELD_OUT) == teacher_held_out]
    sources.append(folder_source("skimage", 2.0, bundled))
    return [s for s in sources if s.pyramids]


def whitened(net: StudentNet, teacher: Teacher) -> Callable[[Tensor], list[Tensor]]:
    """The network in training: its heads predict whitened features (so that Adam's steps fit every dimension)."""

    def forward(images: Tensor) -> list[Tensor]:
        return [
            m.float() * d.view(1, -1, 1, 1) + mean.view(1, -1, 1, 1)
            for m, d, mean in zip(net(images), teacher.deviations, teacher.means, strict=True)
        ]

    return forward


def folded(net: StudentNet, teacher: Teacher) -> dict[str, Tensor]:
    """The weights with the whitening undone inside the heads: what is packaged."""
    state = {k: v.detach().clone().contiguous() for k, v in net.state_dict().items()}
    for level, (deviation, mean) in enumerate(zip(teacher.deviations, teacher.means, strict=True)):
        state[f"heads.{level}.weight"] *= deviation.view(-1, 1, 1, 1)
        state[f"heads.{level}.bias"] = state[f"heads.{level}.bias"] * deviation + mean
    return state


def unfold(net: StudentNet, teacher: Teacher) -> None:
    """The inverse of `folded`: a packaged network's heads whitened again, for training to go on."""
    with torch.no_grad():
        for head, deviation, mean in zip(net.heads, teacher.deviations, teacher.means, strict=True):
            head.weight /= deviation.view(-1, 1, 1, 1)  # type: ignore[operator]
            head.bias.copy_((head.bias - mean) / deviation)  # type: ignore[union-attr,operator]


def initialise(net: StudentNet) -> None:
    """He weights; heads that begin near the teacher's mean."""
    for block in net.blocks:
        for convolution in block:  # type: ignore[union-attr]
            torch.nn.init.kaiming_normal_(convolution.weight, a=0.1)
            torch.nn.init.zeros_(convolution.bias)
    for head in net.heads:
        torch.nn.init.normal_(head.weight, std=0.05)
        torch.nn.init.zeros_(head.bias)


def save(
    out: Path, net: StudentNet, ema: StudentNet, teacher: Teacher, optimizer: torch.optim.Optimizer, step: int
) -> None:
    """Checkpoint (all) and the packaged form (averaged weights, float32, 1 MB)."""
    save_file(folded(ema, teacher), str(out / "student.partial"))
    (out / "student.partial").rename(out / "student.safetensors")
    flat: dict[str, Tensor] = {f"net.{k}": v.contiguous() for k, v in net.state_dict().items()}
    flat |= {f"ema.{k}": v.contiguous() for k, v in ema.state_dict().items()}
    flat |= {f"teacher.{k}": v for k, v in teacher.state().items()}
    flat["step"] = torch.tensor(step)
    for index, state in optimizer.state_dict()["state"].items():
        flat |= {f"adam.{index}.{k}": v.contiguous() for k, v in state.items()}
    save_file(flat, str(out / "checkpoint.partial"))
    (out / "checkpoint.partial").rename(out / "checkpoint.safetensors")


def restore(
    path: Path, net: StudentNet, ema: StudentNet, teacher: Teacher, optimizer: torch.optim.Optimizer
) -> int:
    """Everything `save` wrote; returns the step."""
    flat = load_file(str(path))
    pick = lambda prefix: {k[len(prefix) :]: v for k, v in flat.items() if k.startswith(prefix)}  # noqa: E731
    net.load_state_dict(pick("net."))
    ema.load_state_dict(pick("ema."))
    teacher.load(pick("teacher."))
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in pick("adam.").items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    if state:
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return int(flat["step"])


def step_losses(
    student: Callable[[Tensor], list[Tensor]], teacher: Teacher, images: Tensor
) -> tuple[list[Tensor], Tensor]:
    """Feature losses of the three levels and the gradient's loss on a batch."""
    half = len(images) // 2  # the gradient term needs a second backward pass: half of the crops suffice for it
    with torch.autocast(images.device.type, torch.bfloat16):
        p_a, t_a, ((g_s, g_t),) = gradient_errors(student, teacher, images[:half], create_graph=True, combined=True)
        with torch.no_grad():
            t_b = teacher(images[half:])
        p_b = student(images[half:])
    predicted = [torch.cat([a, b]).float() for a, b in zip(p_a, p_b, strict=True)]
    targets = [torch.cat([a, b]).float() for a, b in zip(t_a, t_b, strict=True)]
    return level_losses(predicted, targets, teacher), (g_s - g_t).square().sum() / g_t.square().sum()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teacher", type=Path, required=True)
    parser.add_argument("--pictures", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--size", type=int, default=112)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--continue-from", type=Path)
    parser.add_argument("--level-weights", type=float, nargs=3, default=(1.0, 1.0, 1.0))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)

    def batch(sources: list[Source], generator: np.random.Generator) -> Tensor:
        crops = np.stack([sample(sources, options.size, generator) for _ in range(options.batch)])
        return torch.from_numpy(crops).permute(0, 3, 1, 2).contiguous().to(device)

    training, held = gather(options.pictures, False), gather(options.pictures, True)
    held_batches = [batch(held, np.random.default_rng(1000 + k)) for k in range(6)]
    teacher = Teacher(options.teacher, device, torch.bfloat16)
    net, ema = StudentNet().to(device), StudentNet().to(device)
    optimizer = torch.optim.Adam(net.parameters(), lr=options.rate, betas=(0.9, 0.98))
    first = 0
    if options.resume:
        first = restore(options.out / "checkpoint.safetensors", net, ema, teacher, optimizer)
    else:
        print("variance kept:", teacher.fit(lambda: batch(training, rng)), flush=True)
        if options.continue_from:
            net.load_state_dict(load_file(str(options.continue_from)))
            print("not turned:", teacher.align(net, torch.cat([batch(training, rng) for _ in range(12)])), flush=True)
            unfold(net, teacher)
        else:
            initialise(net)
        ema.load_state_dict(net.state_dict())
    print({s.name: len(s.pyramids) for s in training}, {s.name: len(s.pyramids) for s in held}, file=sys.stderr)
    print(json.dumps({"step": first} | evaluate(whitened(ema, teacher), teacher, held_batches)), flush=True)
    student, counts = whitened(net, teacher), torch.tensor(options.level_weights, device=device)
    began = time.process_time()
    for step in range(first + 1, options.steps + 1):
        rate = options.rate * min(1.0, step / 100) * (0.5 * (1 + np.cos(np.pi * step / options.steps)) * 0.98 + 0.02)
        for group in optimizer.param_groups:
            group["lr"] = rate
        torch.manual_seed(options.seed * 1_000_003 + step)
        images = batch(training, np.random.default_rng([options.seed, step]))
        losses, gradient_loss = step_losses(student, teacher, images)
        feature_loss = (torch.stack(losses) * counts).sum()
        optimizer.zero_grad(set_to_none=True)
        (feature_loss + 0.5 * gradient_loss).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        decay = 0.998 if options.continue_from else min(0.998, step / (step + 10))
        with torch.no_grad():
            for average, value in zip(ema.parameters(), net.parameters(), strict=True):
                average.lerp_(value, 1 - decay)
        if step % 20 == 0:
            cpu, values = time.process_time() - began, (feature_loss.item(), gradient_loss.item())
            print("{} {:.0f} cpu-s feature {:.4f} gradient {:.4f}".format(step, cpu, *values), flush=True)
        if step % 200 == 0 or step == options.steps:
            print(json.dumps({"step": step} | evaluate(whitened(ema, teacher), teacher, held_batches)), flush=True)
            save(options.out, net, ema, teacher, optimizer, step)


if __name__ == "__main__":
    main()
