"""A new style from one painting: one style vector is fitted, and every convolution stays as it is.

Dumoulin et al. (ICLR 2017) show that a network trained in N styles learns another one by γ and β alone, in
5,000 updates instead of 40,000. Here a fit takes about a hundred: it begins at the vector that is predicted of the
painting, or at the best of those that are known already, Adam takes large steps where so little can break, and what it
saw last is averaged.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass
from itertools import combinations
from operator import attrgetter
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from impasto.model.errors import ImpastoError
from impasto.model.fitting.config import FitConfig
from impasto.model.fitting.small import small_vector
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.device import find_device, trains_in_bfloat16
from impasto.model.perception.balance import Balance
from impasto.model.perception.objective import Losses, Objective
from impasto.model.pictures.resize import resize
from impasto.model.styles.fit_record import FitRecord
from impasto.model.styles.pack import StylePack
from impasto.model.styles.style import Style
from impasto.model.styles.table import StyleTable

TRIED = 4
"""Known vectors of which every pair, blended half and half, is tried as a start: those with the least C + D."""
COOLED = 0.1
"""Share of the step size that is left at the end of the last pass that is allowed."""
LOOKED_AT = 2
"""Photos by which starts are compared."""


class FitFailed(ImpastoError):
    """The fit came to nothing usable."""


@dataclass(frozen=True)
class Start:
    """Where a fit may begin.

    weights: of known styles, {style id: weight}, whose strength it has; none for the identity.
    vector: their blend, or another one, (E,). error: C + D of a few photos painted with it, if they were.
    near: whether the end is expected to be near, to which smaller steps lead.
    """

    weights: Mapping[str, float]
    vector: Tensor
    error: float = math.nan
    near: bool = False

    @classmethod
    def predicted(cls, vector: Tensor, styles: StyleTable) -> Start:
        """At a vector (E,) that was predicted, with the strength that is usual among the known styles."""
        return cls({style: 1 / len(styles) for style in styles.ids}, vector, near=True)


@dataclass(frozen=True)
class FitState:
    """All that a fit needs to go on after a pass.

    passes: made so far. finished: whether no more will be.
    errors: C + D of every pass. losses: content_error and style_distance of the last one.
    tensors: the style vector, the step size, and what the optimiser and the balance remember.
    """

    passes: int
    finished: bool
    errors: tuple[float, ...]
    losses: Mapping[str, float]
    tensors: Mapping[str, Tensor]

    @property
    def vector(self) -> Tensor:
        """The style vector, (E,), on the CPU: the mean of those of the last pass, or where that ended."""
        return self.tensors["mean"]

    def to_json(self) -> dict[str, Any]:
        """The state as plain JSON values."""
        apart = {name: value.clone() for name, value in self.tensors.items()}  # else safetensors refuses shared memory
        return {**vars(self), "tensors": base64.b64encode(save(apart)).decode()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> FitState:
        """The state back, bit for bit."""
        tensors = load(base64.b64decode(values["tensors"]))
        return cls(**{**values, "errors": tuple(values["errors"]), "tensors": tensors})


class Fitter:
    """Fits a style vector of one network to one painting.

    source: the network, and the styles to begin from; neither is changed.
    painting: (3, H, W) in [0, 1]; see `read_painting`.
    photos: what is painted meanwhile, (P, 3, S, S) in [0, 1].
    weights: of the loss network; None: as `load_weights` finds them.
    device: as of `find_device`. Raises DeviceUnavailable.
    """

    def __init__(
        self,
        source: Checkpoint,
        painting: Tensor,
        photos: Tensor,
        *,
        weights: dict[str, Tensor] | None = None,
        config: FitConfig | None = None,
        device: str = "auto",
    ) -> None:
        self.config = config or FitConfig()
        self.device = find_device(device)
        self._bfloat16 = trains_in_bfloat16(self.device)
        self.styles, self.training, self.painting = source.styles, source.training, painting
        self.network_id, self._source = source.network_id, source
        self._network = deepcopy(source.network).requires_grad_(False)
        self._network.to(self.device).to(memory_format=torch.channels_last)
        trained = source.training.objective
        self._objective = Objective(trained, [resize(painting, trained.painting_size)], weights)
        self._objective.to(self.device).to(memory_format=torch.channels_last)
        self.photos = photos.to(self.device).contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            features = [self._objective.loss_network(photo[None]) for photo in self.photos]
            self._content = torch.cat([each[trained.content_layer] for each in features])
            distances = torch.stack([self._objective.distances(each).sum(dim=0) for each in features])
            self._photo_distance = distances.mean(dim=0)

    def starts(self) -> list[Start]:
        """The identity, every known style, and every pair of the best of those half and half; the best first."""
        found = [self._start({}, self._network.identity_style().cpu())]
        found += [self._start({style: 1.0}, self.styles.blend({style: 1.0})) for style in self.styles.ids]
        found.sort(key=attrgetter("error"))
        best = [start for start in found if start.weights][:TRIED]
        for one, other in combinations(best, 2):
            weights = dict.fromkeys([*one.weights, *other.weights], 0.5)
            found.append(self._start(weights, self.styles.blend(weights)))
        return sorted(found, key=attrgetter("error"))

    def begin(self, start: Start | None = None) -> FitState:
        """The state before the first pass; default is the best start."""
        start = start or self.starts()[0]
        known = self.training.strengths
        strength = math.prod(known.get(style, 1.0) ** share for style, share in start.weights.items())
        vector = start.vector
        nothing = torch.zeros_like(vector)
        tensors = {
            "vector": vector,
            "mean": vector,
            "first_moment": nothing,
            "second_moment": nothing.clone(),
            "strength": torch.tensor([strength]),
            "rate": torch.tensor(self.config.learning_rate_near if start.near else self.config.learning_rate),
        }
        return FitState(0, self.config.passes == 0, (), {}, tensors)

    def advance(self, state: FitState) -> FitState:
        """The state one pass later: every photo is painted once. The same state always gives the same one."""
        config, count = self.config, len(self.photos)
        vector = nn.Parameter(state.tensors["vector"].to(self.device, copy=True))
        rate = float(state.tensors["rate"])
        optimizer = torch.optim.Adam([vector], lr=rate)
        updates = state.passes * -(-count // config.batch)
        optimizer.state[vector] = {
            "step": torch.tensor(float(updates)),
            "exp_avg": state.tensors["first_moment"].to(self.device, copy=True),
            "exp_avg_sq": state.tensors["second_moment"].to(self.device, copy=True),
        }
        balance = Balance(config.balance, self._photo_distance).to(self.device)
        balance.strengths.copy_(state.tensors["strength"])
        order = torch.randperm(count, generator=torch.Generator().manual_seed(config.seed + state.passes))
        seen: list[Losses] = []
        mean = torch.zeros_like(vector, requires_grad=False)
        last = state.passes + 1 == config.passes  # it cools down, and counts by where it ends
        batches = order.split(config.batch)
        for number, some in enumerate(batches):
            if last:
                optimizer.param_groups[0]["lr"] = rate * (1 - (1 - COOLED) * number / len(batches))
            losses = self._losses(vector, some, balance.strengths)
            losses.total.mean().backward()
            if vector.grad is not None and bool(vector.grad.isfinite().all()):
                optimizer.step()
            optimizer.zero_grad()
            balance.update(losses, torch.zeros_like(some).to(self.device))
            mean += vector.detach() * len(some) / count
            seen.append(losses)
        content = float(torch.cat([each.content_error for each in seen]).mean())
        distance = float(torch.cat([each.style_distance for each in seen]).mean())
        if not math.isfinite(content + distance):
            raise FitFailed("the painted pictures are not finite any more; this painting cannot be fitted")
        remembered = optimizer.state[vector]
        tensors = {
            "vector": vector.detach().cpu(),
            "mean": (vector.detach() if last else mean).cpu(),
            "first_moment": remembered["exp_avg"].cpu(),
            "second_moment": remembered["exp_avg_sq"].cpu(),
            "strength": balance.strengths.cpu(),
            "rate": state.tensors["rate"],
        }
        errors = (*state.errors, content + distance)
        passes = state.passes + 1
        finished = passes == config.passes or self._settled(errors)
        return FitState(passes, finished, errors, {"content_error": content, "style_distance": distance}, tensors)

    @torch.no_grad()
    def paint(self, vector: Tensor, photos: Tensor) -> Tensor:
        """Photos (P, 3, H, W) in [0, 1] painted with a style vector (E,), on the CPU."""
        vector = vector.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._bfloat16):
            each = [self._network(photo[None].to(self.device), vector[None]) for photo in photos]
        return torch.cat(each).float().cpu()

    @torch.no_grad()
    def measure(self, vector: Tensor, photos: Tensor) -> dict[str, float]:
        """content_error and style_distance of photos (P, 3, H, W) painted with a style vector (E,), on average."""
        row = torch.zeros(1, dtype=torch.long, device=self.device)
        each = [
            self._objective(painted[None].to(self.device), photo[None].to(self.device), row)
            for photo, painted in zip(photos, self.paint(vector, photos), strict=True)
        ]
        return {
            "content_error": float(torch.cat([losses.content_error for losses in each]).mean()),
            "style_distance": float(torch.cat([losses.style_distance for losses in each]).mean()),
        }

    def pack(self, style: Style, state: FitState, verdict: Mapping[str, Any], preview: bytes) -> StylePack:
        """What was fitted as a style pack, for the small network too if there is one.

        verdict: how good it is, as plain JSON values. preview: a small JPEG.
        """
        fit = FitRecord(config=asdict(self.config), passes=state.passes, **verdict)
        small = None
        if self._source.small:
            small = small_vector(self._source, state.vector, self.photos, self.paint(state.vector, self.photos))
        return StylePack(style, state.vector, self.network_id, fit, preview, small)

    def _settled(self, errors: tuple[float, ...]) -> bool:
        """Whether the last two passes have gained next to nothing over the best before them."""
        return len(errors) > 2 and min(errors[-2:]) > (1 - self.config.settled) * min(errors[:-2])

    def _losses(self, vector: Tensor, some: Tensor, strengths: Tensor | None) -> Losses:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._bfloat16):
            painted = self._network(self.photos[some], vector.expand(len(some), -1))
            return self._objective.losses(
                painted, self._content[some], torch.zeros_like(some).to(self.device), strengths
            )

    @torch.no_grad()
    def _start(self, weights: dict[str, float], vector: Tensor) -> Start:
        losses = self._losses(vector.to(self.device), torch.arange(LOOKED_AT), None)
        return Start(weights, vector, float((losses.content_error + losses.style_distance).mean()))
