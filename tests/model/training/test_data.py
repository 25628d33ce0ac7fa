"""Training data: what is used, what is refused, and that sample n is always sample n."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from impasto.model.pictures.images import NoImages, UndecodableImage
from impasto.model.pictures.photos import FLATTEST_CROP, Samples, load_rgb, usable_images
from impasto.model.styles.paintings import load_paintings
from impasto.model.styles.style import Style
from impasto.model.training.data import VariedSamples, loader, split
from tests.pictures import encoded, painting, photo, write_paintings, write_photos


def samples_of(folder: Path, *, styles: int = 3, crop: int = 32, seed: int = 5) -> Samples:
    return Samples(sorted(folder.iterdir()), styles=styles, crop=crop, seed=seed)


def write_plain(folder: Path, shades: list[int], *, side: int = 48) -> Path:
    """A folder of one-colour photos: which photo a sample is of can be read from its pixels."""
    for shade in shades:
        pixels = np.full((side, side, 3), shade, np.uint8)
        (folder / f"shade-{shade:03}.png").write_bytes(encoded(pixels))
    return folder


# Folders


def test_broken_and_too_small_files_are_refused_by_name_and_the_rest_is_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_photos(tmp_path, 2)
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "cut.jpg").write_bytes(encoded(photo(9), "JPEG")[:700])
    (tmp_path / "small.png").write_bytes(encoded(photo(9, height=31, width=90)))
    found = usable_images(tmp_path, smallest_side=32)
    assert [path.name for path in found] == ["photo-0.jpg", "photo-1.jpg"]
    assert all(name in caplog.text for name in ("empty.jpg", "text.png", "cut.jpg", "small.png: 90 × 31 pixels"))
    assert f"refused 4 of the 6 pictures in {tmp_path}" in caplog.text


def test_what_was_decoded_once_is_remembered_until_it_changes(tmp_path: Path) -> None:
    memory = tmp_path / "photos.json"
    folder = write_photos(tmp_path / "photos", 3)
    usable_images(folder, smallest_side=32, memory=memory)
    same, touched, resized = sorted(folder.iterdir())
    before = same.stat()
    same.write_bytes(bytes(before.st_size))
    os.utime(same, ns=(before.st_atime_ns, before.st_mtime_ns))
    touched.write_bytes(bytes(touched.stat().st_size))
    resized.write_bytes(b"short")
    os.utime(resized, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert usable_images(folder, smallest_side=32, memory=memory) == [same]
    with pytest.raises(NoImages, match="pixels are too few"):
        usable_images(folder, smallest_side=320, memory=memory)


def test_good_folders_are_used_without_a_word(photos: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert len(usable_images(photos, smallest_side=64)) == 6
    assert not caplog.records


@pytest.mark.parametrize("make", [lambda folder: None, lambda folder: (folder / "notes.txt").write_text("x")])
def test_a_folder_without_a_picture_is_an_error_that_names_it(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path)
    with pytest.raises(NoImages, match=f"no picture in {tmp_path}"):
        usable_images(tmp_path, smallest_side=32)


def test_a_folder_of_broken_pictures_only_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "b.jpg").write_text("text")
    with pytest.raises(NoImages, match=r"none of the 2 pictures in .* zero bytes"):
        usable_images(tmp_path, smallest_side=32)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NoImages, match="absent"):
        usable_images(tmp_path / "absent", smallest_side=32)


def test_suffixes_are_read_in_either_case(tmp_path: Path) -> None:
    (tmp_path / "A.JPG").write_bytes(encoded(photo(), "JPEG"))
    assert [path.name for path in usable_images(tmp_path, smallest_side=32)] == ["A.JPG"]


# Pictures


def test_load_rgb_reads_and_resizes(photos: Path) -> None:
    assert load_rgb(photos / "photo-0.jpg").shape == (3, 64, 72)
    assert load_rgb(photos / "photo-0.jpg", at_most=36).shape == (3, 32, 36)


def test_load_rgb_of_a_broken_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    with pytest.raises(UndecodableImage):
        load_rgb(tmp_path / "a.jpg")


# Paintings and their catalogue


def test_a_painting_without_a_catalogue_is_named_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "Great Wave (1831).png").write_bytes(encoded(painting(0)))
    (only,) = load_paintings(tmp_path)
    assert only.style == Style("great-wave-1831", "Great Wave (1831)")
    np.testing.assert_array_equal((only.rgb * 255).permute(1, 2, 0).numpy(), painting(0))


@pytest.mark.parametrize("beside", [True, False])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_catalogue_in_the_folder_or_beside_it_names_the_paintings(
    tmp_path: Path, beside: bool, encoding: str
) -> None:
    folder = write_paintings(tmp_path / "paintings", 3)
    (tmp_path if beside else folder).joinpath("styles.csv").write_text(
        "slug,title,artist,year,died,licence,width\n"
        "style-0,Die große Welle,北斎,1831,1849,,640\n"
        "style-1,The Scream,Munch,1893,1944,CC0,640\n",
        encoding=encoding,
    )
    assert [one.style for one in load_paintings(folder)] == [
        Style("style-0", "Die große Welle", "北斎", "1831", "public domain: the artist died 1849"),
        Style("style-1", "The Scream", "Munch", "1893", "CC0"),
        Style("style-2", "style-2"),
    ]


def test_missing_columns_and_cells_are_empty(tmp_path: Path) -> None:
    write_paintings(tmp_path, 2)
    (tmp_path / "styles.csv").write_text("slug,title,artist\nstyle-0,Wave\nstyle-1\n")
    assert [one.style for one in load_paintings(tmp_path)] == [Style("style-0", "Wave"), Style("style-1", "")]


def test_a_catalogue_without_slugs_is_an_error_that_names_it(tmp_path: Path) -> None:
    write_paintings(tmp_path, 1)
    (tmp_path / "styles.csv").write_text("name,title\nstyle-0,Wave\n")
    with pytest.raises(ValueError, match=r"styles\.csv has no column named slug"):
        load_paintings(tmp_path)


def test_two_paintings_of_one_id_are_an_error_before_training(tmp_path: Path) -> None:
    for name in ("great wave.png", "Great-Wave.png", "other.png"):
        (tmp_path / name).write_bytes(encoded(painting(0)))
    with pytest.raises(ValueError, match=r"the same id: great-wave$"):
        load_paintings(tmp_path)


def test_a_broken_painting_is_refused_by_name_and_the_rest_is_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_paintings(tmp_path, 2)
    (tmp_path / "style-0.png").write_bytes(encoded(painting(0))[:60])
    assert [one.style.id for one in load_paintings(tmp_path)] == ["style-1"]
    assert "style-0.png" in caplog.text


def test_a_painting_too_small_to_measure_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_paintings(tmp_path, 1)
    (tmp_path / "tiny.png").write_bytes(encoded(painting(3, height=127, width=300)))
    assert len(load_paintings(tmp_path)) == 1
    assert "tiny.png: 300 × 127 pixels are too few" in caplog.text


# Photos to train on and to judge by


@given(count=st.integers(1, 60), held_out=st.integers(0, 59))
def test_held_out_photos_are_never_trained_on(count: int, held_out: int) -> None:
    photos = [Path(f"{n}.jpg") for n in range(count)]
    if held_out >= count:
        with pytest.raises(NoImages, match="too few"):
            split(photos, held_out)
        return
    trained, kept_out = split(photos, held_out)
    assert len(set(kept_out)) == held_out
    assert sorted([*trained, *kept_out]) == sorted(photos)


def test_held_out_photos_are_spread_evenly() -> None:
    _, kept_out = split([Path(f"{n:02}") for n in range(40)], 4)
    assert [path.name for path in kept_out] == ["00", "10", "20", "30"]


# Samples


def test_a_sample_is_a_square_crop_and_a_row_of_the_style_table(photos: Path) -> None:
    samples = samples_of(photos)
    for n in range(12):
        crop, style = samples[n]
        assert crop.shape == (3, 32, 32)
        assert crop.dtype == torch.float32
        assert 0 <= style < 3


def test_sample_n_is_a_function_of_the_seed_and_n_alone(photos: Path) -> None:
    first, second = samples_of(photos), samples_of(photos)
    forwards = [first[n] for n in range(10)]
    backwards = [second[n] for n in reversed(range(10))][::-1]
    for (one, style), (other, same_style) in zip(forwards, backwards, strict=True):
        assert torch.equal(one, other)
        assert style == same_style


def test_another_seed_gives_other_samples(photos: Path) -> None:
    one, other = samples_of(photos, seed=0), samples_of(photos, seed=1)
    assert not any(torch.equal(one[n][0], other[n][0]) for n in range(6))


def test_two_samples_of_one_photo_are_different_crops(tmp_path: Path) -> None:
    samples = samples_of(write_photos(tmp_path, 1))
    crops = {samples[n][0].numpy().tobytes() for n in range(8)}
    assert len(crops) == 8


def test_every_style_comes_once_a_turn_in_an_order_that_changes(photos: Path) -> None:
    samples = samples_of(photos, styles=5)
    rows = [samples[n][1] for n in range(20)]
    turns = [tuple(rows[n : n + 5]) for n in range(0, 20, 5)]
    assert all(sorted(turn) == [0, 1, 2, 3, 4] for turn in turns)
    assert len(set(turns)) > 1


def test_every_photo_comes_once_a_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "impasto.model.pictures.photos.FLATTEST_CROP", -1
    )  # let one-colour photos pass, to tell them apart
    samples = samples_of(write_plain(tmp_path, [0, 50, 100, 150, 200]))
    shades = [round(255 * samples[n][0].mean().item()) for n in range(15)]
    assert Counter(shades[:5]) == Counter(shades[5:10]) == Counter(shades[10:]) == Counter([0, 50, 100, 150, 200])


def test_photos_and_styles_meet_in_every_combination(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impasto.model.pictures.photos.FLATTEST_CROP", -1)
    samples = samples_of(write_plain(tmp_path, [0, 100, 200]), styles=3)
    pairs = {(round(255 * samples[n][0].mean().item()), samples[n][1]) for n in range(90)}
    assert len(pairs) == 9


def test_some_crops_are_mirrored_and_scales_differ(tmp_path: Path) -> None:
    ramp = np.linspace(0, 255, 128).round().astype(np.uint8)
    pixels = np.broadcast_to(ramp[None, :, None], (128, 128, 3))
    (tmp_path / "ramp.png").write_bytes(encoded(np.ascontiguousarray(pixels)))
    samples = samples_of(tmp_path)
    slopes = [(crop[0, 0, -1] - crop[0, 0, 0]).item() for crop, _ in (samples[n] for n in range(30))]
    assert min(slopes) < 0 < max(slopes)
    assert max(abs(slope) for slope in slopes) > 1.5 * min(abs(slope) for slope in slopes)


def test_nearly_constant_crops_are_skipped_for_the_next_photo(tmp_path: Path) -> None:
    write_plain(write_photos(tmp_path, 1), [0, 128, 255])
    samples = samples_of(tmp_path)
    assert all(samples[n][0].std(dim=(1, 2)).max() >= FLATTEST_CROP for n in range(12))


def test_a_crop_of_one_colour_is_as_constant_as_a_grey_one(tmp_path: Path) -> None:
    write_photos(tmp_path, 1)
    (tmp_path / "sky.png").write_bytes(encoded(np.full((64, 64, 3), (0, 40, 230), np.uint8)))
    samples = samples_of(tmp_path)
    assert all(samples[n][0].std(dim=(1, 2)).max() >= FLATTEST_CROP for n in range(8))


def test_photos_of_nothing_are_an_error_and_not_an_endless_search(tmp_path: Path) -> None:
    with pytest.raises(NoImages, match="20 photos in a row"):
        samples_of(write_plain(tmp_path, [0, 255]))[0]


def test_a_file_that_vanishes_during_the_run_is_skipped_by_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    samples = samples_of(write_photos(tmp_path, 2))
    (tmp_path / "photo-0.jpg").unlink()
    assert all(samples[n][0].shape == (3, 32, 32) for n in range(4))
    assert "skipped" in caplog.text
    assert "photo-0.jpg" in caplog.text


def test_a_photo_just_as_large_as_the_crop_is_used_whole(tmp_path: Path) -> None:
    pixels = photo(3, height=32, width=32)
    (tmp_path / "exact.png").write_bytes(encoded(pixels))
    whole = torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
    crop, _ = samples_of(tmp_path)[0]
    assert any(torch.allclose(crop, one, atol=1e-6) for one in (whole, whole.flip(2)))


# Batches


def test_what_was_kept_out_before_is_kept_out_again(photos: Path) -> None:
    files = sorted(photos.iterdir())
    rest, kept_out = split(files, 2, before=("photo-1.jpg", "gone.jpg"))
    assert [file.name for file in kept_out] == ["photo-1.jpg", "photo-0.jpg"]
    assert rest == [file for file in files if file not in kept_out]
    assert [file.name for file in split(files, 1, before=("photo-1.jpg", "photo-2.jpg"))[1]] == ["photo-1.jpg"]
    with pytest.raises(NoImages, match="too few"):
        split(files, 6, before=("photo-1.jpg",))
    assert split(files, 2, before=("gone.jpg",)) == split(files, 2)


def test_a_share_of_the_crops_stands_in_another_light(photos: Path) -> None:
    files = sorted(photos.iterdir())
    plain = samples_of(photos)

    def varied(share: float) -> VariedSamples:
        return VariedSamples(files, styles=3, crop=32, seed=5, varied=share)

    assert all(torch.equal(varied(0)[n][0], plain[n][0]) for n in range(20))
    changed = [not torch.equal(varied(0.5)[n][0], plain[n][0]) for n in range(40)]
    assert 10 < sum(changed) < 30
    lit = torch.stack([varied(1)[n][0] for n in range(20)])
    assert torch.equal(lit, torch.stack([varied(1)[n][0] for n in range(20)]))
    assert lit.min() >= 0 and lit.max() <= 1
    brighter = [float((varied(1)[n][0] - plain[n][0]).mean()) for n in range(20)]
    assert min(brighter) < -0.1 and max(brighter) > 0.1
    assert all(varied(1)[n][1] == plain[n][1] for n in range(20))


def test_the_ranks_of_a_world_share_out_every_batch(photos: Path) -> None:
    samples = samples_of(photos)
    shares = [
        list(loader(samples, batch=6, first_step=0, last_step=3, workers=0, rank=rank, world=2)) for rank in (0, 1)
    ]
    assert [len(share) for share in shares] == [3, 3]
    for step, (first, second) in enumerate(zip(*shares, strict=True)):
        together = torch.stack([first[0], second[0]], dim=1).flatten(0, 1)  # dealt out in turn
        expected = torch.stack([samples[n][0] for n in range(6 * step, 6 * step + 6)])
        assert torch.equal(together, expected)


def test_a_loader_that_starts_later_gives_what_the_whole_one_gives_there(photos: Path) -> None:
    samples = samples_of(photos)
    whole = list(loader(samples, batch=4, first_step=0, last_step=5, workers=0))
    rest = list(loader(samples, batch=4, first_step=3, last_step=5, workers=0))
    assert len(whole) == 5
    for (images, rows), (same_images, same_rows) in zip(whole[3:], rest, strict=True):
        assert torch.equal(images, same_images)
        assert torch.equal(rows, same_rows)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_worker_processes_change_nothing(photos: Path) -> None:
    samples = samples_of(photos)
    alone = list(loader(samples, batch=4, first_step=0, last_step=3, workers=0))
    helped = list(loader(samples, batch=4, first_step=0, last_step=3, workers=2))
    assert all(
        torch.equal(a, b) for one, other in zip(alone, helped, strict=True) for a, b in zip(one, other, strict=True)
    )
