"""Makes the template head: `src/twinbrush/sculpt/template.safetensors` (see TEMPLATE_MODEL_CARD.md).

    python training/template_samples.py ict_facekit.npz A.npz --count 3500 --seed 101     (and more, and one kept out)
    python training/train_template.py layout ict_facekit.npz LAYOUT.npz                    (libigl, xatlas)
    python training/train_template.py fit ict_facekit.npz LAYOUT.npz A.npz B.npz --held-out D.npz

    python training/train_template.py fit ... --regression-only        (mesh, modes and expressions stay as they are)

`layout` makes the mesh and its texture layout; `fit` learns mean, identity modes and the regression from landmarks to
coefficients with the covariance of its doubt, and writes the weights.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np
from head_kit import SCLERAS, Kit, attach, region_labels
from safetensors.numpy import load_file, save
from template_layout import Layout, read_layout, write_layout
from template_mesh import GUMS, MOUTH_PARTS, SHELL, SKIN, dual_mesh, dual_mirror, mirror_of, quads_of, triangles_of
from template_samples import SIZE, load_packed
from template_weights import packed_expressions, packed_modes

from twinbrush.camera import INTERPUPILLARY_MM
from twinbrush.faces import indices
from twinbrush.faces.face import make_face
from twinbrush.faces.face_model import mirror_indices
from twinbrush.faces.landmarks import Fit
from twinbrush.files import write_atomically
from twinbrush.portrait.geometry import make_frame, observe

Array = np.ndarray
FLIP = np.array([-1.0, 1.0, 1.0])
SYMMETRIC, ASYMMETRIC = 54, 16  # modes kept
HEADS, HEADS_SEED = 500, 5  # random heads that mean and modes are learned from
WEIGHTS = {"face": 1.0, "rest": 0.6, "inside": 0.15}  # of a mm in the choice of modes, by where it is
CORNERS = (33, 133, 362, 263)  # the eyes' corners: 63 mm between their middles, origin between
LOWER_LIP_SHARE = 0.5  # of the lip's greatest move by jawOpen: what moves more is the lower lip
ARKIT_SINGLE = (
    "jawForward", "jawLeft", "jawRight", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthLeft",
    "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "browInnerUp", "cheekPuff")
ARKIT_PAIRS = (
    "eyeBlink", "eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeLookUp", "eyeSquint", "eyeWide", "mouthSmile",
    "mouthFrown", "mouthDimple", "mouthStretch", "mouthPress", "mouthLowerDown", "mouthUpperUp", "browDown",
    "browOuterUp", "cheekSquint", "noseSneer")
TWINS = {"jawLeft": "jawRight", "mouthLeft": "mouthRight"}


def arkit_expressions(kit: Kit) -> dict[str, tuple[list[str], str]]:
    """ARKit's names: (the kit's parts that make it, its mirror image's name). Left is the person's left."""
    out: dict[str, tuple[list[str], str]] = {}
    both = {**TWINS, **{b: a for a, b in TWINS.items()}}
    for name in ARKIT_SINGLE:
        parts = [name] if name in kit.expressions else [f"{name}_L", f"{name}_R"]
        out[name] = (parts, both.get(name, name))
    for name in ARKIT_PAIRS:
        out[f"{name}Left"] = ([f"{name}_L"], f"{name}Right")
        out[f"{name}Right"] = ([f"{name}_R"], f"{name}Left")
    return out


def landmark_attachment(kit: Kit, points: Array, quads: Array, outer: Array, places: Array, jaw: Array) -> (
    tuple[Array, Array]
):
    """Corners and weights of the 468 landmarks on our mesh; the inner lips each on their own lip (mean head)."""
    triangles = triangles_of(quads)
    triangles = triangles[outer[triangles].all(1)]
    symmetric = np.concatenate([places, places[:, mirror_indices()] * FLIP.astype(np.float32)])
    at = np.nanmedian(symmetric, axis=0).astype(float)
    at = (at + at[mirror_indices()] * FLIP) / 2
    corners, weights = attach(at, points, triangles)
    drop = -jaw[:, 1]
    lips = np.linalg.norm(points - at[[13, 14]].mean(0), axis=1) < 40
    lower = drop > LOWER_LIP_SHARE * drop[np.linalg.norm(points - at[14], axis=1) < 6].max()
    near = (lips & (points[:, 2] > at[[61, 291], 2].min() - 6))[triangles].all(1)
    for ids, own in ((indices.LIPS_INNER_UPPER[1:-1], ~lower), (indices.LIPS_INNER_LOWER[1:-1], lower)):
        some = triangles[near & own[triangles].all(1)]
        corners[list(ids)], weights[list(ids)] = attach(at[list(ids)], points, some)
    return corners, weights


class Learner:
    """The mesh on the kit's heads, and everything that is learned on it."""

    def __init__(self, kit: Kit, layout: Layout, places: Array, quads: Array) -> None:
        self.kit, self.layout = kit, layout
        self.dual = dual_mesh(quads[(quads < SHELL).all(1)], len(kit.neutral))
        inside = quads[((quads >= GUMS[0]) & (quads < MOUTH_PARTS)).all(1)]
        self.mouth = dual_mesh(inside, len(kit.neutral))
        self.neutral = self.dual.of(kit.neutral)
        self.mirror = dual_mirror(self.dual, mirror_of(kit))
        self.outer = (self.dual.source < SKIN).all(1)
        self.quads = quads_of(self.dual.polygons, self.neutral)
        self.triangles = triangles_of(self.quads)
        jaw = self.dual.of(kit.expressions["jawOpen"])
        self.corners, self.weights = landmark_attachment(
            kit, self.neutral, self.quads, self.outer, places, jaw)
        self.eyes = [self._sphere(kit.neutral, span) for span in SCLERAS]

    @staticmethod
    def _sphere(vertices: Array, span: tuple[int, int]) -> Array:
        """Centre and radius (4,) of the sphere through an eye's white."""
        points = vertices[slice(*span)].astype(float)
        solution = np.linalg.lstsq(np.c_[2 * points, np.ones(len(points))], (points**2).sum(1), rcond=None)[0]
        return np.append(solution[:3], np.sqrt(solution[3] + (solution[:3] ** 2).sum()))

    def landmarks(self, vertices: Array) -> Array:
        """The 468 landmarks on our vertices (..., n, 3)."""
        return (vertices[..., self.corners, :] * self.weights[..., None]).sum(-2)

    def normalisation(self, vertices: Array) -> tuple[float, Array]:
        """Scale and origin that make 63 mm between the middles of the eyes' corners."""
        a, b, c, d = self.landmarks(vertices)[list(CORNERS)]
        left, right = (a + b) / 2, (c + d) / 2
        return INTERPUPILLARY_MM / float(np.linalg.norm(right - left)), (left + right) / 2

    def identity_samples(self) -> dict[str, Array]:
        """Normalised random heads at rest: our vertices, the mouth's, the eyes' spheres."""
        rng = np.random.default_rng(HEADS_SEED)
        rows: dict[str, list[Array]] = {"head": [], "mouth": [], "eyes": []}
        for _ in range(HEADS):
            whole = self.kit.head(rng.standard_normal(len(self.kit.identities)), {})
            head, (scale, origin) = self.dual.of(whole), self.normalisation(self.dual.of(whole))
            rows["head"].append((scale * (head - origin)).astype(np.float32))
            rows["mouth"].append((scale * (self.mouth.of(whole) - origin)).astype(np.float32))
            balls = np.array([self._sphere(whole[::7], (span[0] // 7 + 1, span[1] // 7)) for span in SCLERAS])
            balls[:, :3] -= origin
            rows["eyes"].append(scale * balls)
        return {name: np.stack(values) for name, values in rows.items()}

    def importance(self, mean: Array) -> Array:
        """Root of area times weight of every vertex."""
        labels = self.labels(mean)
        weight = np.where(labels == 0, WEIGHTS["face"], WEIGHTS["rest"])
        weight = np.where(self.outer, weight, WEIGHTS["inside"])
        a, b, c = (mean[self.triangles[:, k]] for k in range(3))
        area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 6
        mass = np.bincount(self.triangles.ravel(), np.repeat(area, 3), minlength=len(mean))
        return np.sqrt(mass + 0.02 * mass.mean()) * weight

    def labels(self, mean: Array) -> Array:
        """0 face, 1 skull, 2 ear, 3 neck, 4 inside of the mouth, 5 left, 6 right eye's socket (in the picture)."""
        scale, origin = self.normalisation(self.neutral)
        outline = self.landmarks(mean)[list(indices.OVAL), :2] / scale + origin[:2]
        labels = region_labels(self.neutral, self.triangles, outline)
        source = self.dual.source
        labels[~self.outer] = 4
        right = self.neutral[:, 0] > 0
        eye = ~self.outer & ((source >= 13294) & (source < 14062)).any(1)
        labels[eye & ~right], labels[eye & right] = 5, 6
        return labels


def modes(learner: Learner, samples: dict[str, Array]) -> dict[str, Array]:
    """Mean and orthogonal modes, symmetric ones first; `project`: deviations (3n) -> coefficients of variance 1."""
    heads = samples["head"]
    mean = heads.mean(0, dtype=np.float64)
    mean = (mean + mean[learner.mirror] * FLIP) / 2
    root = np.repeat(learner.importance(mean), 3).astype(np.float32)
    deviation = heads - mean.astype(np.float32)
    mirrored = deviation[:, learner.mirror] * FLIP.astype(np.float32)
    bases, projections = [], []
    for part, count in (((deviation + mirrored) / 2, SYMMETRIC), ((deviation - mirrored) / 2, ASYMMETRIC)):
        rows = part.reshape(len(part), -1) * root
        values, vectors = np.linalg.eigh((rows @ rows.T).astype(np.float64))
        values, vectors = values[::-1][:count], vectors[:, ::-1][:, :count]
        axes = (rows.T @ (vectors / np.sqrt(values))).T  # orthonormal in the weighted metric
        sigma = np.sqrt(values / len(rows))
        print(f"modes {count}: kept {values.sum() / (rows**2).sum():.4f} of the variance, last sigma {sigma[-1]:.3f}")
        bases.append((axes * sigma[:, None] / root).reshape(count, -1, 3))
        projections.append((axes * root / sigma[:, None]).astype(np.float32))
    return {"mean": mean, "basis": np.concatenate(bases), "project": np.concatenate(projections)}


def followers(samples: dict[str, Array], model: dict[str, Array], groups: Array) -> dict[str, Array]:
    """How the eyes' spheres and the affine maps of upper and lower mouth parts go with the coefficients."""
    heads = samples["head"]
    z = (heads - model["mean"].astype(np.float32)).reshape(len(heads), -1) @ model["project"].T
    design = np.c_[np.ones(len(z)), z]
    solve = np.linalg.lstsq(design, samples["eyes"].reshape(len(z), -1), rcond=None)[0]
    mouth_mean = samples["mouth"].mean(0, dtype=np.float64)
    frames = np.c_[mouth_mean, np.ones(len(mouth_mean))]
    maps = []
    for weight in (1 - groups, groups):
        pseudo = np.linalg.pinv(frames * np.sqrt(weight)[:, None]) * np.sqrt(weight)
        maps.append(np.einsum("av,svc->sac", pseudo, samples["mouth"] - mouth_mean))
    affine = np.linalg.lstsq(design, np.stack(maps, 1).reshape(len(z), -1), rcond=None)[0]
    return {"eyes": solve.reshape(-1, 2, 4), "mouth_mean": mouth_mean, "mouth_modes": affine[1:].reshape(-1, 2, 4, 3)}


def observed(samples: dict[str, Array]) -> Array:
    """What the program sees of each sample: upright landmarks (n, 468, 3), mm."""
    seen = np.empty((len(samples["landmarks"]), 468, 3), np.float32)
    for number, points in enumerate(samples["landmarks"]):
        frame = make_frame(make_face(Fit(points.astype(float), 1.0, 0.0), 1.0), SIZE, SIZE)
        seen[number] = observe(frame)[0]
    return seen


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("layout")
    one.add_argument("kit", type=Path)
    one.add_argument("out", type=Path)
    two = commands.add_parser("fit")
    two.add_argument("kit", type=Path)
    two.add_argument("layout", type=Path)
    two.add_argument("samples", type=Path, nargs="+")
    two.add_argument("--held-out", type=Path, required=True)
    two.add_argument("--regression-only", action="store_true", help="learn the packed template's regression anew")
    two.add_argument("--out", type=Path, default=Path("src/twinbrush/sculpt/template.safetensors"))
    arguments = parser.parse_args()
    kit, quads = load_packed(arguments.kit), np.load(arguments.kit)["quads"].astype(int)
    if arguments.command == "layout":
        write_layout(kit, quads, arguments.out)
        return
    from template_regression import learn

    files = [dict(np.load(path)) for path in arguments.samples]
    held = dict(np.load(arguments.held_out))
    learner = Learner(kit, read_layout(arguments.layout), files[0]["places"], quads)
    if arguments.regression_only:
        packed = load_file(arguments.out)
        learner.corners = packed["landmark_corners"].astype(np.int64)
        learner.weights = packed["landmark_weights"].astype(np.float64)
    samples = learner.identity_samples()
    model = modes(learner, samples)
    if arguments.regression_only:
        write(packed | learn(learner, model, arkit_expressions(kit), files, held), arguments.out)
        return
    jaw = -learner.mouth.of(kit.expressions["jawOpen"])[:, 1]
    groups = np.clip(jaw / 12.0, 0, 1)  # 1: moves with the jaw (its hinge end moves 11 mm)
    tensors = {**packed_modes(learner, model, followers(samples, model, groups), groups),
               **packed_expressions(learner, arkit_expressions(kit), groups),
               **learn(learner, model, arkit_expressions(kit), files, held)}
    write(tensors, arguments.out)


def write(tensors: dict[str, Array], out: Path) -> None:
    """Pack the tensors and tell their sizes and the file's hash."""
    data = save({name: np.ascontiguousarray(values) for name, values in tensors.items()})
    write_atomically(out, data)
    for name, values in tensors.items():
        print(f"  {name:22} {values.dtype!s:8} {values.shape!s:20} {values.nbytes / 1024:8.1f} KB")
    print(f"{out}: {len(data) / 1e6:.2f} MB, sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
