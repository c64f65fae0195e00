"""From the 468 observed landmarks to the template's coefficients, and what is known about the network's errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from template_samples import SIZE

from twinbrush.faces.face import make_face
from twinbrush.faces.face_model import mirror_indices
from twinbrush.faces.landmarks import Fit
from twinbrush.sculpt.portrait.geometry import make_frame

if TYPE_CHECKING:
    from train_template import Learner

Array = np.ndarray
FLIP = np.array([-1.0, 1.0, 1.0])
LOOKS = "eyeLook"  # the eyes turn as nodes: these are not learned
INPUTS = 400  # principal components of the landmarks that the regression sees
OWN_MM, ALIKE_MM, ALIKE_WITHIN_MM, DEPTH_GAIN = 0.15, 0.2, 25.0, 1.5  # see photo_noise
OFFSET_SAMPLES = 500
OFFSET_YAW_DEGREES = 15.0  # the network's offsets are learned from faces turned no farther


def coefficients(learner: Learner, model: dict[str, Array], names: list[str], parts: dict[str, list[str]],
                 samples: dict[str, Array]) -> tuple[Array, Array]:
    """The true coefficients (n, modes + expressions) and normalised neutral heads' scale (n,)."""
    kit, dual = learner.kit, learner.dual
    order = {name: i for i, name in enumerate(samples["names"].tolist())}
    identities = dual.combine @ kit.identities[:, : dual.combine.shape[1]].transpose(1, 0, 2).reshape(
        dual.combine.shape[1], -1)
    identities = identities.reshape(-1, len(kit.identities), 3).transpose(1, 0, 2).astype(np.float32)
    flat, mean = identities.reshape(len(identities), -1), model["mean"].astype(np.float32)
    out, scales = [], []
    for identity in samples["identity"]:
        head = learner.neutral + (identity @ flat).reshape(-1, 3)
        scale, origin = learner.normalisation(head)
        out.append((scale * (head - origin) - mean).reshape(-1) @ model["project"].T)
        scales.append(scale)
    weights = np.stack([samples["expression"][:, [order[p] for p in parts[name]]].mean(1) for name in names], axis=1)
    return np.concatenate([np.array(out), weights], axis=1), np.array(scales)


def learn(learner: Learner, model: dict[str, Array], expressions: dict[str, tuple[list[str], str]],
          files: list[dict[str, Array]], held: dict[str, Array]) -> dict[str, Array]:
    """The regression's tensors."""
    from train_template import SYMMETRIC, observed

    names = [name for name in expressions if not name.startswith(LOOKS)]
    parts = {name: expressions[name][0] for name in names}
    count = len(model["basis"])
    twin = [names.index(expressions[name][1]) for name in names]
    swap = np.concatenate([np.arange(count), count + np.array(twin)])
    sign = np.where((np.arange(len(swap)) >= SYMMETRIC) & (np.arange(len(swap)) < count), -1.0, 1.0)

    seen = np.concatenate([observed(samples) for samples in files])
    truth = np.concatenate([coefficients(learner, model, names, parts, samples)[0] for samples in files])
    seen_mean = seen.mean(0, dtype=np.float64)
    seen_mean = (seen_mean + seen_mean[mirror_indices()] * FLIP) / 2
    inputs = (seen - seen_mean).reshape(len(seen), -1)
    inputs = np.concatenate([inputs, ((seen[:, mirror_indices()] * FLIP) - seen_mean).reshape(len(seen), -1)])
    wanted = np.concatenate([truth, truth[:, swap] * sign])
    middle = wanted.mean(0)
    noise = photo_noise(seen_mean)
    _, axes = np.linalg.eigh(inputs.T @ inputs)
    leading = axes[:, ::-1][:, :INPUTS]
    square = leading.T @ (inputs.T @ inputs / len(inputs) + noise) @ leading
    regression = leading @ np.linalg.solve(square, leading.T @ (inputs.T @ (wanted - middle)) / len(inputs))

    test, real = observed(held), coefficients(learner, model, names, parts, held)[0]
    straight = (test - seen_mean).reshape(len(test), -1) @ regression
    mirrored = (test[:, mirror_indices()] * FLIP - seen_mean).reshape(len(test), -1) @ regression
    error = (straight + mirrored[:, swap] * sign) / 2 + middle - real
    both = np.concatenate([error, error[:, swap] * sign])
    doubt = both.T @ both / len(both) + regression.T @ noise @ regression
    print(f"coefficients' error: identity {np.sqrt((error[:, :count] ** 2).mean()):.3f} of 1, first six "
          f"{np.sqrt((error[:, :6] ** 2).mean(0)).round(2)}, expressions {np.sqrt((error[:, count:] ** 2).mean()):.3f}")
    flat = learner.outer & (learner.labels(model["mean"]) == 0)
    basis = model["basis"][:, flat].reshape(count, -1)
    for name, rest in (("mean head", real[:, :count]), ("regression", error[:, :count])):
        print(f"{name}: face off by {np.linalg.norm((rest @ basis).reshape(len(rest), -1, 3), axis=2).mean():.2f} mm")
    few = {key: values if key == "names" else values[:OFFSET_SAMPLES] for key, values in files[0].items()}
    offset, sigma = offsets(learner, few)
    return {
        "observed_mean": seen_mean.astype(np.float32), "regression": regression.astype(np.float16),
        "regression_mean": middle.astype(np.float32), "doubt": doubt.astype(np.float32),
        "landmark_offset": offset.astype(np.float32), "landmark_sigma": sigma.astype(np.float32),
    }


def photo_noise(points: Array) -> Array:
    """Covariance (1404, 1404) of what landmarks in photos are off beyond those in our pictures: each by itself, and
    neighbours alike. It keeps the regression from leaning on fine agreements that photos do not keep."""
    distance = np.linalg.norm(points[:, None, :2] - points[None, :, :2], axis=2)
    alike = OWN_MM**2 * np.eye(468) + ALIKE_MM**2 * np.exp(-((distance / ALIKE_WITHIN_MM) ** 2))
    return np.kron(alike, np.diag([1.0, 1.0, DEPTH_GAIN**2]))


def offsets(learner: Learner, samples: dict[str, Array]) -> tuple[Array, Array]:
    """Where the network sees each landmark beside its place on the surface (468, 2), head's x and y, mm at 63 mm
    between the eyes; and the standard deviation (468,) about it."""
    kit, dual = learner.kit, learner.dual
    used = np.unique(learner.corners)
    rows, names = [], samples["names"].tolist()
    for number, identity in enumerate(samples["identity"]):
        frame = make_frame(make_face(Fit(samples["landmarks"][number].astype(float), 1.0, 0.0), 1.0), SIZE, SIZE)
        rotation, shift = samples["rotation"][number].astype(float), samples["translation"][number].astype(float)
        if abs(np.degrees(np.arctan2(rotation[0, 2], rotation[2, 2]))) > OFFSET_YAW_DEGREES:
            continue
        expression = {name: float(w) for name, w in zip(names, samples["expression"][number], strict=True) if w > 0}
        head = np.zeros((len(learner.neutral), 3))
        head[used] = dual.combine[used] @ kit.head(identity, expression)
        points = learner.landmarks(head) @ rotation.T + shift
        focal, x, y = samples["camera"][number].astype(float)
        pixels = np.array([x, y]) + focal * points[:, :2] * [1, -1] / -points[:, 2:]
        off = (samples["landmarks"][number][:, :2] - pixels) / frame.pixels_per_mm * [1, -1]
        rows.append((np.c_[off, np.zeros(468)] @ rotation)[:, :2])
    rows = np.array(rows)
    rows = np.concatenate([rows, rows[:, mirror_indices()] * FLIP[:2]])
    middle = np.median(rows, axis=0)
    print(f"landmark offsets: median length {np.median(np.linalg.norm(middle, axis=1)):.2f} mm")
    return middle, 1.48 * np.median(np.linalg.norm(rows - middle, axis=2), axis=0)
