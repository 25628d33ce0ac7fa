"""What `impasto styles migrate` does."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from impasto.app.settings import read_settings
from impasto.model.fitting.content import crops
from impasto.model.fitting.fitter import Fitter, Start
from impasto.model.fitting.migration import Migration
from impasto.model.fitting.verdict import judge
from impasto.model.network import checkpoint
from impasto.model.perception.loss_network import load_weights
from impasto.model.pictures import images
from impasto.model.styles.pack import StylePack
from impasto.model.styles.paintings import read_painting
from impasto.model.styles.style import slug
from impasto.scripts.shelf import Shelf
from impasto.scripts.styles import Migrate


def migrate(arguments: Migrate, shelf: Shelf) -> None:
    """Bring styles over, one after the other; those whose ids are there already have been, and are left alone.

    Raises FileNotFoundError, CheckpointError, PackError, InvalidValue, NoImages, and, where paintings are there,
    UnusablePainting and LossNetworkMissing.
    """
    former = checkpoint.load(arguments.former)
    packs = [former.read_pack(path.read_bytes()) for path in arguments.packs] or shelf.added_to(former)
    files = images.files_in(arguments.paintings) if arguments.paintings else []
    paintings = {slug(file.stem): file for file in files}
    if not packs:
        print(f"nothing was added to network {former.network_id} that is not here")
    for pack in packs:
        if pack.style.id in shelf.source.styles:
            print(f"{pack.style.id}: there already")
    if not (new := [pack for pack in packs if pack.style.id not in shelf.source.styles]):
        return
    migration = Migration(former, shelf.source, crops(), crops(count=4, seed=1), device=arguments.device)
    for pack in new:
        painting = paintings.get(pack.style.id)
        moved = _fitted(migration, pack, painting, arguments.device) if painting else migration.migrate(pack)
        shelf.add(moved.to_bytes())
        print(f"{pack.style.id}: {moved.fit.message}")


def _fitted(migration: Migration, pack: StylePack, painting: Path, device: str) -> StylePack:
    """A style fitted to its painting again, from where the networks' common styles say that it is."""
    rgb = read_painting(painting.read_bytes()).rgb
    fitter = Fitter(
        migration.source, rgb, crops(), weights=load_weights(read_settings().loss_network_file), device=device
    )
    start = Start.predicted(migration.start(pack), migration.source.styles)
    state = fitter.begin(start)
    while not state.finished:
        state = fitter.advance(state)
    verdict = judge(fitter, state.vector, crops(count=4, seed=1))
    return fitter.pack(pack.style, state, asdict(verdict), b"")
