"""How much a film flickers: what changes in it besides what moves.

The warping error of W.-S. Lai et al., "Learning Blind Video Temporal Consistency" (ECCV 2018): each frame is moved back
to where the one before has it, and compared with that, where both see the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.video.flow import Flow, Motion, places

Move = tuple[Tensor, Tensor]
"""Where each pixel of a frame is in the next one, x and y in pixels, (H, W, 2), and whether it can be seen there, 1 or
0, (H, W)."""


def warping_error(frames: Sequence[Tensor], moves: Sequence[Move]) -> float:
    """Mean square of what is left of frames (3, H, W) in [0, 1] when motion is taken out; 0 holds still.

    moves: from each frame to the next.
    """
    error = pixels = 0.0
    for before, after, (where, seen) in zip(frames, frames[1:], moves, strict=False):
        height, width = seen.shape
        grid = 2 * where / torch.tensor([width - 1, height - 1]) - 1
        back = F.grid_sample(after[None], grid[None].float(), "bicubic", "border", align_corners=True)[0]
        error += float(((back - before).square().mean(dim=0) * seen).sum())
        pixels += float(seen.sum())
    return error / pixels


def found_moves(frames: Sequence[Tensor]) -> list[Move]:
    """Those that optical flow finds between frames, (H, W, 3) of uint8, where it is sure."""
    motion = Motion()
    flows = [motion.next(frame) for frame in reversed(frames)]
    return [_move(flow.of_size(*frames[0].shape[:2])) for flow in reversed(flows) if flow]


def _move(flow: Flow) -> Move:
    seen = (flow.visible > 0.5) & ~_edges(flow)
    return torch.from_numpy(np.stack(places(flow.moved), axis=-1)), torch.from_numpy(seen).float()


def _edges(flow: Flow) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Where what moves ends, by Lai et al.'s test: there flow is of the one or of the other."""
    steep = sum(np.square(slope) for axis in (0, 1) for slope in np.gradient(flow.moved[..., axis]))
    edges: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = steep > 0.01 * np.square(flow.moved).sum(axis=-1) + 0.002
    return edges
