"""A style that was added to a former network, for the network that has taken its place.

Its numbers mean nothing to the new one, and its painting may be gone. But the former network still paints it, and the
new one learns to paint those pictures. Where both know the same paintings, it begins where these say.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from impasto.model.errors import InvalidValue
from impasto.model.fitting.imitation import imitate, likeliest
from impasto.model.fitting.small import small_vector
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.painting.stylizer import Stylizer
from impasto.model.styles.fit_record import FitRecord
from impasto.model.styles.pack import StylePack


class Migration:
    """From one network to another.

    photos, others: (P, 3, S, S) in [0, 1], by whose pictures vectors are learned, and by whose they are judged.
    Raises InvalidValue for networks of which one has taken the place of nothing: that are the same, or have no style in
    common to begin from.
    """

    def __init__(
        self, former: Checkpoint, source: Checkpoint, photos: Tensor, others: Tensor, *, device: str = "auto"
    ) -> None:
        if former.network_id == source.network_id:
            raise InvalidValue(f"both are network {source.network_id}: its styles need not be migrated")
        if not any(style_id in source.styles for style_id in former.styles.ids):
            raise InvalidValue("the former network knows none of this one's styles, and so nothing to begin from")
        self.former, self.source = former, source
        self._before, self._after = (Stylizer.of(replace(each, small=None), device=device) for each in (former, source))
        self._photos, self._others = photos.to(self._after.device), others.to(self._after.device)

    def start(self, pack: StylePack) -> Tensor:
        """What the styles that both networks know tell of the new vector, (E,)."""
        return likeliest(pack.vector, self.former.styles, self.source.styles)

    def migrate(self, pack: StylePack) -> StylePack:
        """A style of the former network as one of the new one; what is known of its fit says how far off it is."""
        wanted = _painted(self._before, self._photos, pack.vector)
        vector = imitate(self.source.network, self.start(pack), self._photos, wanted)
        small = small_vector(self.source, vector, self._photos, _painted(self._after, self._photos, vector))
        difference = self.difference(pack, vector)
        message = f"learned from what network {pack.network_id} painted, with {difference:.1f} of 255 between them"
        fit = FitRecord(message=message)
        return StylePack(pack.style, vector, self.source.network_id, fit, small=small)

    def difference(self, pack: StylePack, vector: Tensor) -> float:
        """By how much of 255 the pixels of both networks' pictures of other photos differ, on average."""
        before, after = _painted(self._before, self._others, pack.vector), _painted(self._after, self._others, vector)
        return 255 * float((before - after).abs().mean())


def _painted(stylizer: Stylizer, photos: Tensor, vector: Tensor) -> Tensor:
    return torch.cat([stylizer.paint(photo[None], vector[None]) for photo in photos])
