"""Options with which a whole figure is made in a minute, types checked: small pictures, few steps."""

from __future__ import annotations

from dataclasses import replace

from twinbrush.config import FAST

SMALL = replace(
    FAST,
    sculpt=replace(FAST.sculpt, texture_size=256),
    views=replace(FAST.views, size=128),
    stylize=replace(
        FAST.stylize,
        objective=replace(FAST.stylize.objective, sizes=(32, 64), steps=(4, 4), refine_steps=1),
        ring=replace(FAST.stylize.ring, waves=(((80, 0), (-80, 0)), ((180, 0),)), lead_sizes=(32,), lead_steps=(4,)),
    ),
    reconstruct=replace(FAST.reconstruct, texture_size=256),
    export=replace(FAST.export, still_size=128, turntable=True, turntable_frames=4),
)
