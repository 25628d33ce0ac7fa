"""Profiles, EXIF and texts that are garbage, lie, or lead in circles: the picture is none the worse for it."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
from PIL import ImageCms

from impasto.model.pictures.images import TooMuchMetadata
from tests.hostile.case import PHOTO, Case, packed
from tests.pictures import encoded, png_chunk

HUGE = 2**32 - 1
NOISE = np.random.default_rng(0).bytes(5000)
LOSSLESS = {"PNG": {}, "WEBP": {"lossless": True}, "TIFF": {}}
JPEG = encoded(PHOTO, "JPEG", quality=95, subsampling=0)
PNG = encoded(PHOTO)


def cases() -> Iterator[Case]:
    yield from _exif()
    yield from _profiles()
    yield from _segments()
    yield from _texts()


def exif_blocks() -> dict[str, bytes]:
    """EXIF blocks by what is wrong with them; none says that the photo is to be turned."""
    head = b"Exif\0\0II*\0"

    def directory(*entries: tuple[int, int, int, int], behind: int = 0) -> bytes:
        table = b"".join(struct.pack("<HHII", *entry) for entry in entries)
        return head + struct.pack("<IH", 8, len(entries)) + table + struct.pack("<I", behind)

    blocks = {
        "of a directory that is followed by itself": directory((0x010F, 2, 4, 0), behind=8),
        "whose directory lies at itself": head + struct.pack("<I", 4) + bytes(40),
        "whose directory lies outside": head + struct.pack("<I", HUGE) + bytes(40),
        "of 65,535 tags": head + struct.pack("<IH", 8, 65_535) + NOISE,
        "in an exif": b"Exif\0\0" * 40 + directory(),
        "of zeros": bytes(5000),
        "of noise": NOISE,
        "of noise behind its head": head + struct.pack("<I", 8) + NOISE,
        "of both orders": b"Exif\0\0IM*\0" + bytes(40),
        "of 64 bits": b"Exif\0\0II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**63) + bytes(40),
        "of 60 kB": directory((0x010E, 2, 60_000, 26)) + b"x" * 60_000,
        "of an orientation of 9": directory((0x0112, 3, 1, 9)),
        "of an orientation of 65,535": directory((0x0112, 3, 1, 65_535)),
        "of an orientation that is a text": directory((0x0112, 2, 4, 0x31)),
        "of 4 billion orientations": directory((0x0112, 3, HUGE, 26)),
    }
    for name, tag in (("camera's", 0x8769), ("place's", 0x8825), ("interchange's", 0xA005), ("maker's", 0x927C)):
        for where, place in (("itself", 8), ("nowhere", HUGE)):
            blocks[f"whose {name} directory lies {where}"] = directory((tag, 4, 1, place))
    for kind in (0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 12, 13, 14, 255):
        blocks[f"of 4 billion values of type {kind}"] = directory((0x010F, kind, HUGE, 26), (0x8298, kind, HUGE, 4))
    return blocks


def _exif() -> Iterator[Case]:
    for fault, block in exif_blocks().items():
        for name, options in LOSSLESS.items():
            if name != "TIFF":  # whose own directory it would become
                yield Case(f"{name} with an exif {fault}", encoded(PHOTO, name, exif=block, **options), PHOTO)
        yield Case(f"JPEG with an exif {fault}", JPEG[:2] + segment(0xE1, block) + JPEG[2:], PHOTO, 4)


def profiles() -> dict[str, bytes]:
    """Profiles that cannot be used, by what is wrong with them."""
    real = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = real.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))  # so that it is looked into

    def patched(place: int, new: bytes) -> bytes:
        return swapped[:place] + new + swapped[place + len(new) :]

    return {
        "of nothing": b"\0",
        "of noise": NOISE,
        "of zeros": bytes(5000),
        "of a megabyte of zeros": bytes(1_000_000),
        "of a head alone": swapped[:128],
        "cut off in its tags": swapped[:150],
        "of 4 billion tags": patched(128, struct.pack(">I", HUGE)),
        "of 101 tags": patched(128, struct.pack(">I", 101)),
        "of no tags": patched(128, bytes(4)),
        "of 4 billion bytes": patched(0, struct.pack(">I", HUGE)),
        "of another signature": patched(36, b"XXXX"),
        "of another version": patched(8, b"\xff\xff\xff\xff"),
        "of inks": patched(16, b"CMYK"),
        "of greys": patched(16, b"GRAY"),
        "of no known colours": patched(16, b"XXXX"),
        "of no known connection": patched(20, b"XXXX"),
        "that links two devices": patched(12, b"link"),
        "that names colours": patched(12, b"nmcl"),
        "whose tags lie outside": patched(136, struct.pack(">II", HUGE - 8, 8)),
        "whose tags have 4 billion bytes": patched(140, struct.pack(">I", HUGE)),
        "whose tags are all the same": swapped[:132] + swapped[132:144] * ((len(swapped) - 132) // 12),
        "without primaries": swapped.replace(b"rXYZ", b"????").replace(b"gXYZ", b"????"),
        "of curves of 4 billion points": swapped.replace(b"para\0\0\0\0", b"curv\0\0\0\0\xff\xff\xff\xff"),
    }


def _profiles() -> Iterator[Case]:
    for fault, profile in profiles().items():
        for name, options in LOSSLESS.items():
            yield Case(f"{name} with a profile {fault}", encoded(PHOTO, name, icc_profile=profile, **options), PHOTO, 3)
    real = profiles()["of no tags"]
    for fault, pieces in {
        "in pieces of which one is missing": [(1, 3, real[:200]), (3, 3, real[400:])],
        "in pieces of the same number": [(1, 2, real[:200]), (1, 2, real[200:])],
        "in piece 9 of 2": [(9, 2, real)],
        "in piece 0 of 0": [(0, 0, real)],
        "in 255 empty pieces": [(n, 255, b"") for n in range(1, 256)],
    }.items():
        segments = b"".join(segment(0xE2, b"ICC_PROFILE\0" + bytes([n, of]) + piece) for n, of, piece in pieces)
        yield Case(f"JPEG with a profile {fault}", JPEG[:2] + segments + JPEG[2:], PHOTO, 4)


def segment(kind: int, body: bytes) -> bytes:
    """A segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, kind, len(body) + 2) + body


def _segments() -> Iterator[Case]:
    """What programs leave beside a JPEG."""
    photoshop = b"Photoshop 3.0\0"
    for fault, body in {
        "8BIM of 4 billion bytes": photoshop + b"8BIM\x04\x04\0\0\xff\xff\xff\xff",
        "8BIM without end": photoshop + b"8BIM" * 1000,
        "8BIM of a resolution of three bytes": photoshop + b"8BIM\x03\xed\0\0\0\0\0\x03abc",
        "8BIM of no bytes": photoshop,
    }.items():
        yield Case(f"JPEG with {fault}", JPEG[:2] + segment(0xED, body) + JPEG[2:], PHOTO, 4)
    adobe = JPEG[:2] + segment(0xEE, b"Adobe\0d\0\0\0\0") + JPEG[2:]
    yield Case("JPEG with a word of Adobe's that is cut off", adobe, None)
    for transform in (0, 1, 2, 255):
        block = segment(0xEE, b"Adobe\0d\0\0\0\0" + bytes([transform]))
        yield Case(f"JPEG of Adobe's transform {transform}", JPEG[:2] + block + JPEG[2:], None)
    for density in (b"\0\0\0\0", b"\xff\xff\xff\xff"):
        yield Case(f"JPEG of a density of {density[0]}", JPEG[:14] + density + JPEG[18:], PHOTO, 4)
    for fault, body in {
        "of 4 billion pictures": struct.pack("<HHII", 0xB001, 4, 1, HUGE) + struct.pack("<HHII", 0xB002, 7, HUGE, 8),
        "of one picture that is not there": struct.pack("<HHII", 0xB001, 4, 1, 2)
        + struct.pack("<HHII", 0xB002, 7, 32, HUGE),
        "whose list is no list": struct.pack("<HHII", 0xB001, 2, 4, 0) + struct.pack("<HHII", 0xB002, 2, 4, 0),
    }.items():
        block = b"MPF\0II*\0\x08\0\0\0\2\0" + body + bytes(4)
        yield Case(f"JPEG with an index {fault}", JPEG[:2] + segment(0xE2, block) + JPEG[2:], PHOTO, 4)
    yield Case("JPEG of 20,000 comments", JPEG[:2] + segment(0xFE, b"x") * 20_000 + JPEG[2:], PHOTO, 4)
    yield Case("JPEG of a megabyte of comments", JPEG[:2] + segment(0xFE, bytes(65_533)) * 16 + JPEG[2:], PHOTO, 4)
    yield Case("JPEG of 500 exifs", JPEG[:2] + segment(0xE1, b"Exif\0\0II*\0" + bytes(50)) * 500 + JPEG[2:], PHOTO, 4)
    xmp = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + b"<a>" * 10_000
    yield Case("JPEG with an XMP that is nested deep", JPEG[:2] + segment(0xE1, xmp) + JPEG[2:], PHOTO, 4)
    laughs = b'http://ns.adobe.com/xap/1.0/\0<!DOCTYPE x [<!ENTITY a "&b;&b;&b;"><!ENTITY b "&a;">]><x>&a;</x>'
    yield Case("JPEG with an XMP that laughs a billion times", JPEG[:2] + segment(0xE1, laughs) + JPEG[2:], PHOTO, 4)


def _texts() -> Iterator[Case]:
    """What programs leave beside a PNG."""
    for kind in (
        b"tEXt",
        b"zTXt",
        b"iTXt",
        b"iCCP",
        b"eXIf",
        b"gAMA",
        b"cHRM",
        b"sBIT",
        b"hIST",
        b"pHYs",
        b"tIME",
        b"sRGB",
    ):
        for name, body in {"nothing": b"", "zeros": bytes(100), "noise": NOISE}.items():
            yield Case(f"PNG with {kind.decode()} of {name}", PNG[:33] + png_chunk(kind, body) + PNG[33:], PHOTO)
    for kind, body in {
        b"zTXt": b"a\0\0" + packed(100),
        b"iTXt": b"a\0\1\0\0\0" + packed(100),
        b"iCCP": b"a\0\0" + packed(100),
    }.items():
        bomb = PNG[:33] + png_chunk(kind, body) + PNG[33:]
        yield Case(f"PNG with {kind.decode()} of 100 MB that were packed", bomb, TooMuchMetadata)
    many = png_chunk(b"tEXt", b"a\0b") * 20_000
    yield Case("PNG of 20,000 texts", PNG[:33] + many + PNG[33:], PHOTO)
