"""A JPEG that asks for the whole picture to be drawn again and again is known before it is."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from impasto.model.pictures.images import MOST_PARTS, MOST_SCANS, UnsupportedFormat, decode
from impasto.model.pictures.jpeg import END, SCAN, has_more_scans
from tests.pictures import photo

FILM = (b"\xff" + SCAN) * 1000


def progressive() -> bytes:
    file = io.BytesIO()
    Image.fromarray(photo(1, height=40, width=56)).save(file, "JPEG", progressive=True)
    return file.getvalue()


def with_scans(more: int) -> bytes:
    """A progressive JPEG whose last scan is there so many more times."""
    data, end = progressive(), b"\xff" + END
    last = data[data.rindex(b"\xff" + SCAN) : -len(end)]
    return data[: -len(end)] + more * last + end


def test_a_scan_more_is_one_too_many() -> None:
    own = progressive().count(b"\xff" + SCAN)
    assert not has_more_scans(with_scans(MOST_SCANS - own), MOST_SCANS)
    assert has_more_scans(with_scans(MOST_SCANS - own + 1), MOST_SCANS)


def test_what_is_read_of_a_progressive_picture_does_not_depend_on_what_follows_it() -> None:
    plain = decode(progressive())
    assert decode(progressive() + FILM).pixels.equal(plain.pixels)


def test_thumbnails_and_comments_have_no_scans_of_the_picture() -> None:
    data = progressive()
    comment = b"\xff\xfe" + (2 + len(FILM)).to_bytes(2) + FILM
    assert not has_more_scans(data[:2] + comment + data[2:], MOST_SCANS)


@pytest.mark.parametrize("cut", [0, 1, 10, 500])
def test_what_is_cut_short_has_the_scans_that_are_there(cut: int) -> None:
    assert not has_more_scans(progressive()[:cut] + b"\xff", MOST_SCANS)
    assert has_more_scans(with_scans(MOST_SCANS)[: -1 - cut // 100], MOST_SCANS)


def test_a_picture_of_very_many_segments_is_refused_and_one_of_many_is_read() -> None:
    data, empty = progressive(), b"\xff\xfe\0\2"
    assert decode(data[:2] + 1000 * empty + data[2:]).pixels.equal(decode(data).pixels)
    with pytest.raises(UnsupportedFormat, match="more than 50,000 segments are not read"):
        decode(data[:2] + MOST_PARTS * empty + data[2:])


def test_a_picture_of_very_many_scans_is_refused() -> None:
    with pytest.raises(UnsupportedFormat, match="more than 100 scans are not read"):
        decode(with_scans(200))
