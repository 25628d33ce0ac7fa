"""Paint very many photos, in folders or object stores, here or on a Ray cluster.

    impasto bulk photos/ painted/ --style van-gogh-starry-night=0.7 hokusai-great-wave=0.3
    impasto bulk s3://bucket/photos s3://bucket/painted --style klimt-the-kiss --size 1024    # needs s3fs
    impasto bulk photos/ painted/ --style klimt-the-kiss --ray auto    # on all GPUs, or else cores, of a cluster

Folders stay as they are: cat/tom.jpg becomes cat/tom.jpg; what is not written in its own format becomes a PNG, tom.gif
tom.gif.png. Stopped in whatever way and started again, it goes on: what is there is whole, and is not painted again. A
photo that cannot be painted is listed in broken.jsonl in the output with what is wrong, and the others go on.
"""

from __future__ import annotations

from dataclasses import dataclass

import tyro

from impasto.scripts.paint import Wanted


@dataclass(frozen=True)
class Arguments(Wanted):
    input: tyro.conf.Positional[str]
    """A folder of photos, or of folders of photos, as deep as they are; or the URL of one in an object store."""
    output: tyro.conf.Positional[str]
    """The folder to write, with the same folders; or a URL."""
    ray: str | None = None
    """Paint on Ray: auto is the cluster that this machine is part of, or that RAY_ADDRESS names; HOST:PORT, one whose
    head is there; local, one of this machine alone. It needs the extra `cluster`. Default: paint in this process."""
    painters: int | None = None
    """On Ray: how many paint at once. Default: one for each GPU that the cluster has, or else for each core."""


def run(arguments: Arguments) -> None:
    from impasto.model.network.allocator import keep_freed_memory
    from impasto.scripts.bulk_painting import bulk

    keep_freed_memory()
    bulk(arguments)
