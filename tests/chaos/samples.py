"""Small PDF files whose every line can be told from every other line of every other file."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from tests.chaos.wrapping import POISON

LINES_PER_PAGE = 30
ILLUSTRATED_SHARE = 0.25
"""Of the healthy files: these have pictures on their first page."""
PICTURES = 5
"""In each of those; more than one batch holds, see the settings of the cluster."""
PICTURE_WIDTH, PICTURE_HEIGHT = 160, 96
EVERYWHERE = "valve"
"""A word in every line, so that a search for it finds every chunk of a document."""

WORDS = ("amber", "brass", "cedar", "delta", "ember", "flint", "grove", "heron", "ivory", "jetty", "kiosk", "lemon")

LINE_MARK = re.compile(r"n[0-9a-f]{6}x\d{3}z")


class SampleKind(StrEnum):
    HEALTHY = "healthy"
    DAMAGED = "damaged"
    POISON = "poison"


@dataclass(frozen=True)
class Sample:
    """A file and what must be found of it."""

    filename: str
    kind: SampleKind
    data: bytes
    marks: frozenset[str]
    """One in each line."""


def make_sample(rng: Random, kind: SampleKind = SampleKind.HEALTHY) -> Sample:
    """Draw a file that no other equals."""
    name = f"{rng.getrandbits(24):06x}"
    marks = [f"n{name}x{number:03d}z" for number in range(rng.randint(8, 70))]
    lines = [f"{EVERYWHERE} {mark} {' '.join(rng.sample(WORDS, 4))} at {rng.randint(2, 900)} bar." for mark in marks]
    pictures = PICTURES if kind is SampleKind.HEALTHY and rng.random() < ILLUSTRATED_SHARE else 0
    data = pdf_bytes(
        lines,
        comment=POISON if kind is SampleKind.POISON else b"",
        pictures=[_picture(rng) for _ in range(pictures)],
    )
    if kind is SampleKind.DAMAGED:
        data = b"%PDF-1.7\n" + f"nothing of {name} is left\n".encode() * 40 + b"%%EOF\n"
    return Sample(filename=f"{kind}-{name}.pdf", kind=kind, data=data, marks=frozenset(marks))


def pdf_bytes(lines: Sequence[str], *, comment: bytes = b"", pictures: Sequence[bytes] = ()) -> bytes:
    """Write a PDF of lines, in Helvetica, from the top of each page down; pictures stand right of the first ones."""
    pages = [lines[start : start + LINES_PER_PAGE] for start in range(0, len(lines), LINES_PER_PAGE)]
    first_page = 4 + len(pictures)
    numbers = [first_page + 2 * index for index in range(len(pages))]
    kids = " ".join(f"{number} 0 R" for number in numbers)
    names = " ".join(f"/P{index} {4 + index} 0 R" for index in range(len(pictures)))
    shown = "".join(f"q 100 0 0 60 470 {740 - 90 * index} cm /P{index} Do Q\n" for index in range(len(pictures)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        *pictures,
    ]
    for number, page in zip(numbers, pages, strict=True):
        text = "BT /F1 11 Tf 20 TL 72 780 Td\n" + "".join(f"({line}) Tj T*\n" for line in page) + "ET\n"
        content = text + (shown if number == first_page else "")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {number + 1} 0 R "
            f"/Resources << /Font << /F1 3 0 R >> /XObject << {names} >> >> >>".encode()
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream".encode())
    return _file(objects, comment)


def _picture(rng: Random) -> bytes:
    """Draw bars that no other picture has, as the object of a PDF."""
    rows = []
    for _ in range(PICTURE_HEIGHT // 8):
        start, end = sorted(rng.sample(range(PICTURE_WIDTH), 2))
        bar = b"\xff" * start + b"\x00" * (end - start) + b"\xff" * (PICTURE_WIDTH - end)
        rows += [bar] * 6 + [b"\xff" * PICTURE_WIDTH] * 2
    data = zlib.compress(b"".join(rows))
    head = (
        f"<< /Type /XObject /Subtype /Image /Width {PICTURE_WIDTH} /Height {PICTURE_HEIGHT} /ColorSpace /DeviceGray "
        f"/BitsPerComponent 8 /Filter /FlateDecode /Length {len(data)} >>\nstream\n"
    )
    return head.encode() + data + b"\nendstream"


def _file(objects: Sequence[bytes], comment: bytes) -> bytes:
    out = bytearray(b"%PDF-1.4\n%" + comment + b"\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{offset:010d} 00000 n \n".encode() for offset in offsets)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
