"""Formats that are not read are named to whoever sends them."""

from __future__ import annotations

import pytest

from impasto.model.pictures.images import UndecodableImage, UnsupportedFormat, decode

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        ("JPEG XL", b"\xff\x0a"),
        ("JPEG XL", b"\0\0\0\x0cJXL \r\n\x87\n"),
        ("JPEG 2000", b"\0\0\0\x0cjP  \r\n\x87\n"),
        ("JPEG 2000", b"\xff\x4f\xff\x51"),
        ("SVG", SVG),
        ("SVG", b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- drawn -->\n' + SVG),
        ("PSD", b"8BPS\0\1"),
        ("camera raw", b"II*\0\x10\0\0\0CR\2\0"),
        ("camera raw", b"FUJIFILMCCD-RAW 0201"),
        ("camera raw", b"IIRO\x08\0\0\0"),
        ("camera raw", b"IIU\0\x18\0\0\0"),
        ("camera raw", b"\0\0\0\x18ftypcrx "),
        ("video", b"\0\0\0\x18ftypqt  "),
        ("video", b"\0\0\0\x18ftypmp42"),
        ("PDF", b"%PDF-1.7"),
        ("OpenEXR", b"v/1\x01"),
    ],
)
def test_another_format_is_named_with_what_to_send_instead(name: str, beginning: bytes) -> None:
    with pytest.raises(UnsupportedFormat, match=f"{name} pictures are not read; send one of JPEG, PNG"):
        decode(beginning + bytes(200))


@pytest.mark.parametrize("data", [b"<html><body>", b"<?xml version='1.0'?><feed/>", b"PK\3\4", b"BMW", b"II", b"{}"])
def test_what_is_no_picture_is_called_so(data: bytes) -> None:
    with pytest.raises(UndecodableImage, match="no picture"):
        decode(data + bytes(200))
