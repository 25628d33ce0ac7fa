"""Results, told apart by what they are made from: who has one already need not be painted it again.

A client that names the tag of what it has gets a 304; else what is kept in memory is sent again, if anything is.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cachetools import LRUCache
from fastapi import Response
from torch import Tensor

from impasto.app.http.etag import has_already
from impasto.app.metrics import Metrics

OF_ONE_ANSWER = {"ratelimit", "ratelimit-policy", "server-timing", "content-length"}
"""Headers that say nothing of a result."""


@dataclass(frozen=True)
class _Result:
    body: bytes
    headers: dict[str, str]


class Results:
    """What has been painted. room: bytes of memory for what is kept, 0 for nothing. maker: all that paints it."""

    def __init__(self, room: int, maker: object, metrics: Metrics) -> None:
        self._maker, self._answers = maker, metrics.answers
        self._kept: LRUCache[str, _Result] = LRUCache(room, getsizeof=lambda result: len(result.body))

    async def tag(
        self,
        photo: bytes,
        vectors: Sequence[Tensor],
        *recipe: object,
        masks: Mapping[str, bytes] | None = None,
        reference: bytes = b"",
    ) -> str:
        """The entity tag of a photo's paintings in some style vectors (E,): equal for equal questions to equal makers.

        A weak one: the last bit of a painting may depend on what is painted beside it. recipe: whatever else decides
        on the file, told by its `repr`. masks: files of regions, by their names. reference: the picture
            that the photo is to be like.
        """

        def digest() -> str:
            files = masks or {}
            sizes = {name: len(file) for name, file in files.items()}
            question = hashlib.sha256(repr((self._maker, recipe, sizes, len(reference))).encode())
            for vector in vectors:
                question.update(vector.numpy().tobytes())
            for file in (*files.values(), reference, photo):
                question.update(file)
            return f'W/"{question.hexdigest()[:32]}"'

        return await asyncio.to_thread(digest)

    def known(self, tag: str, if_none_match: str | None) -> Response | None:
        """The answer that needs no painting: 304 to who has the result already, else the one that is kept, if any."""
        if if_none_match != "*" and has_already(if_none_match, tag):  # *: any, which nobody can mean here
            self._answers.labels("not_modified").inc()
            return Response(status_code=304, headers={"ETag": tag, "Vary": "Accept"})
        if (result := self._kept.get(tag)) is None:
            return None
        self._answers.labels("kept").inc()
        return Response(result.body, headers={**result.headers, "Cache-Status": "impasto; hit"})

    def keep(self, tag: str, answer: Response, cache_control: str | None = None) -> Response:
        """An answer, which is kept if there is room; what was not asked for longest makes way for it.

        cache_control: the request's, which may say that nobody will ask again (RFC 9111, section 5.2.1.5).
        """
        self._answers.labels("painted").inc()
        answer.headers["ETag"] = tag
        result = _Result(bytes(answer.body), {k: v for k, v in answer.headers.items() if k not in OF_ONE_ANSWER})
        if len(result.body) <= self._kept.maxsize and "no-store" not in (cache_control or ""):
            self._kept[tag] = result
        return answer
