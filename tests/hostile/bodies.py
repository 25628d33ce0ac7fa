"""Forms that no browser sends: each as its Content-Type and its bytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from tests.pictures import encoded, photo

Body = tuple[bytes, bytes]
PHOTO = encoded(photo(height=32, width=32))
FORM = b"multipart/form-data; boundary=b"
STYLE = b'Content-Disposition: form-data; name="style"\r\n\r\ngreat-wave'
IMAGE = b'Content-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n' + PHOTO
MASK = b'Content-Disposition: form-data; name="mask"; filename="m"\r\n\r\n' + PHOTO
WEIGHTS = '"weights": {"great-wave": 1}'
REGIONS = [
    f'{{"mask": "m", {WEIGHTS}, "feather": 0.5, "stroke": 2, "strength": 0.5, "preserve_color": true}}',
    f'{{"polygon": [[0, 0], [1, 0], [1, 1e9]], {WEIGHTS}}}',
    f'{{"polygon": [[-10, -10], [10, 10], [10, -10]], {WEIGHTS}, "feather": 0.5}}',
    f'{{"polygon": {[[0, 0]] * 500}, {WEIGHTS}}}',
    f'{{"ellipse": {{"center": [0.5, 0.5], "radii": [1e-300, 1e-300]}}, {WEIGHTS}, "feather": 1e-9}}',
    f'{{"ellipse": {{"center": [0.5, NaN], "radii": [1, -Infinity]}}, {WEIGHTS}}}',
    f'{{"rectangle": {{"from": [0.5, 0.5], "to": [0.5, 0.5]}}, {WEIGHTS}, "stroke": "native"}}',
    f'{{"gradient": {{"from": [0, 0], "to": [5e-324, 0]}}, {WEIGHTS}}}',
    f'{{"mask": "data:image/png;base64,", {WEIGHTS}}}',
    f'{{"mask": "data:;base64,bm8gcGljdHVyZQ==", {WEIGHTS}}}',
    f'{{"mask": "sha256:00", {WEIGHTS}}}',
    f'{{"mask": "../../etc/passwd", {WEIGHTS}}}',
    f'{{"mask": "\ud800", {WEIGHTS}}}',
    '{"mask": "m", "weights": {"great-wave": 1e308, "the-scream": 1e308}}',
    '{"mask": "m", "weights": {"": 1}}',
    "[" * 10_000,
    "null",
    "",
    "\0",
]


def form(*parts: bytes) -> bytes:
    """A body of parts, each with its header, between lines of "--b"."""
    return b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"


GOOD = form(STYLE, IMAGE)


def cases() -> Iterator[tuple[str, Body]]:
    yield "as it should be", (FORM, GOOD)
    for length in (
        0,
        1,
        4,
        5,
        30,
        60,
        70,
        80,
        100,
        150,
        200,
        len(GOOD) // 2,
        len(GOOD) - 60,
        len(GOOD) - 5,
        len(GOOD) - 1,
    ):
        yield f"of {length} bytes", (FORM, GOOD[:length])
    for kind in (
        b"",
        b"multipart/form-data",
        b"multipart/form-data; boundary=",
        b'multipart/form-data; boundary=""',
        b"multipart/form-data; boundary=c",
        b"multipart/form-data; boundary=" + b"b" * 10_000,
        b"multipart/form-data; boundary=b; boundary=c",
        b"multipart/form-data; boundary*=utf-8''b",
        b"multipart/form-data; boundary=\xff\xfe",
        b"multipart/form-data; boundary=b; charset=utf-7",
        b"multipart/form-data; boundary=b; charset=no-such-charset",
        b"multipart/form-data; boundary=b" + b"; a=b" * 2000,
        b"multipart/mixed; boundary=b",
        b"multipart/" + b"x" * 10_000,
        b"application/x-www-form-urlencoded",
        b"application/x-www-form-urlencoded; charset=no-such-charset",
        b"application/json",
        b"image/png",
        b"\xff\xff\xff",
        b";;;;",
        b'"',
    ):
        yield f"called {kind[:70]!r}", (kind, GOOD)
    for name, part in {
        "no header": b"\r\n\r\ngreat-wave",
        "no name": b"Content-Disposition: form-data\r\n\r\nx",
        "an empty name": b'Content-Disposition: form-data; name=""\r\n\r\nx',
        "a name without its end": b'Content-Disposition: form-data; name="style\r\n\r\nx',
        "a name of 4 kB": b'Content-Disposition: form-data; name="' + b"x" * 4000 + b'"\r\n\r\nx',
        "a header of 100 kB": b"X: " + b"x" * 100_000 + b"\r\n\r\nx",
        "a thousand headers": b"X: x\r\n" * 1000 + b"\r\nx",
        "a header without a colon": b"Content-Disposition\r\n\r\nx",
        "a header of zeros": bytes(100) + b"\r\n\r\nx",
        "a header in other letters": b'Content-Disposition: form-data; name="\xff\xfe"\r\n\r\nx',
        "a header that goes on": b'Content-Disposition: form-data;\r\n name="style"\r\n\r\ngreat-wave',
        "another disposition": b'Content-Disposition: attachment; name="style"\r\n\r\ngreat-wave',
        "an unknown charset": b'Content-Disposition: form-data; name="_charset_"\r\n\r\nno-such-charset',
        "an encoding": b'Content-Disposition: form-data; name="x"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!',
        "a style as a file": b'Content-Disposition: form-data; name="style"; filename="x"\r\n\r\ngreat-wave',
        "a style of zeros": b'Content-Disposition: form-data; name="style"\r\n\r\n' + bytes(50),
        "a style in other letters": b'Content-Disposition: form-data; name="style"\r\n\r\n\xff\xfe',
        "a style of 100 kB": b'Content-Disposition: form-data; name="style"\r\n\r\n' + b"x" * 100_000,
        "a name with a newline": b'Content-Disposition: form-data; name="a\nb"\r\n\r\nx',
        "a file of a path": b'Content-Disposition: form-data; name="image"; filename="../../etc/passwd"\r\n\r\n'
        + PHOTO,
        "a file of a path of Windows": b'Content-Disposition: form-data; name="image"; filename="C:\\a\0b"\r\n\r\n'
        + PHOTO,
        "a file of two names": b'Content-Disposition: form-data; name="image"; filename="a"; '
        b"filename*=utf-8''%FF\r\n\r\n" + PHOTO,
        "an empty file": b'Content-Disposition: form-data; name="image"; filename="a"\r\n\r\n',
        "a file of no name": b'Content-Disposition: form-data; name="image"; filename=""\r\n\r\n' + PHOTO,
        "a picture as a text": b'Content-Disposition: form-data; name="image"\r\n\r\n' + PHOTO,
        "a form": b"Content-Type: multipart/mixed; boundary=c\r\n"
        b'Content-Disposition: form-data; name="x"\r\n\r\n--c\r\n--c--',
        "its own end": b'Content-Disposition: form-data; name="x"\r\n\r\n--b--\r\n',
    }.items():
        yield f"with {name}", (FORM, form(part, STYLE, IMAGE))
        yield f"with {name} at last", (FORM, form(STYLE, IMAGE, part))
    text = b'Content-Disposition: form-data; name="x"\r\n\r\nx'
    yield "of 1,000 fields", (FORM, form(STYLE, IMAGE, *[text] * 1000))
    yield "of 100 files", (FORM, form(STYLE, *[IMAGE] * 100))
    yield "of two pictures", (FORM, form(STYLE, IMAGE, IMAGE))
    yield "of 33 styles", (FORM, form(*[STYLE] * 33, IMAGE))
    yield "of 90 styles and weights", (FORM, form(*[STYLE] * 45, *[STYLE.replace(b"style", b"weight")] * 45, IMAGE))
    yield "of lines that end otherwise", (FORM, GOOD.replace(b"\r\n", b"\n"))
    yield "of lines that end in half", (FORM, GOOD.replace(b"\r\n", b"\r"))
    yield "with a preamble of 100 kB", (FORM, b"x" * 100_000 + b"\r\n" + GOOD)
    yield "with something behind", (FORM, GOOD + b"x" * 100_000)
    yield "of nothing but dashes", (FORM, b"-" * 100_000)
    yield "of nothing but borders", (FORM, b"--b\r\n" * 20_000)
    yield "that was packed", (FORM, zlib.compress(GOOD))
    for region in REGIONS:
        told = b'Content-Disposition: form-data; name="region"\r\n\r\n' + region.encode("utf-8", "surrogatepass")
        yield f"of the region {region[:60]!r}", (FORM, form(IMAGE, told))
        yield f"of a mask and the region {region[:60]!r}", (FORM, form(STYLE, IMAGE, told, MASK))
    for field in ("strength", "size", "quality", "weight", "stroke", "preserve_color", "format", "recipe"):
        for value in (
            "",
            " ",
            "nan",
            "inf",
            "-1",
            "1e400",
            "1" * 5000,
            "0x10",
            "٣",
            "\0",
            "true",
            "\ud800",
            "1_0",
            "None",
            "[]",
        ):
            part = f'Content-Disposition: form-data; name="{field}"\r\n\r\n{value}'.encode("utf-8", "surrogatepass")
            yield f"of {field} {value[:10]!r}", (FORM, form(STYLE, IMAGE, part))
