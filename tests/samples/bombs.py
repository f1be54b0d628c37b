"""Hostile PDF files: small to send, and without end to read. The docstring of each says what is wrong with it."""

import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

TEXT = b"BT /F1 12 Tf 72 700 Td (An honest line of text stands on this page.) Tj ET\n"
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
RESOURCES = b"/Resources << /Font << /F1 4 0 R >> >>"
CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
ONE_PAGE = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"

Objects = Mapping[int, bytes]


def _file(objects: Objects) -> bytes:
    """Write objects by their numbers, with a cross-reference table; object 1 is the catalog."""
    parts, offsets, size = [b"%PDF-1.7\n"], {}, 9
    for number, body in sorted(objects.items()):
        offsets[number] = size
        parts.append(b"%d 0 obj\n%b\nendobj\n" % (number, body))
        size += len(parts[-1])
    last = max(objects)
    lines = [b"0000000000 65535 f \n"]
    lines += [
        b"%010d 00000 n \n" % offsets[number] if number in offsets else b"0000000000 65535 f \n"
        for number in range(1, last + 1)
    ]
    table = b"xref\n0 %d\n" % (last + 1) + b"".join(lines)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (last + 1, size)
    return b"".join([*parts, table, trailer])


def _stream(data: bytes, *, entries: bytes = b"") -> bytes:
    return b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(data), entries, data)


def _page(
    content: bytes, *, box: bytes = b"0 0 595 842", resources: bytes = RESOURCES, contents: bytes = b""
) -> Objects:
    """A document of one page; `contents` replaces the stream, entries and all."""
    return {
        1: CATALOG,
        2: ONE_PAGE,
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [%b] /Contents 5 0 R %b >>" % (box, resources),
        4: FONT,
        5: contents or _stream(content),
    }


def _flate(size: int, filler: bytes) -> bytes:
    """Compress `size` bytes of `filler`; the checksum at the end is wrong, which is found out too late."""
    compressor = zlib.compressobj(9)
    block = (filler * (1 << 20))[: 1 << 20]
    # After a full flush nothing refers back, so that a block may stand there as often as one likes.
    first = compressor.compress(block) + compressor.flush(zlib.Z_FULL_FLUSH)
    again = compressor.compress(block) + compressor.flush(zlib.Z_FULL_FLUSH)
    return first + again * ((size >> 20) - 1) + compressor.flush()


def _filtered(data: bytes, *, times: int = 1, entries: bytes = b"") -> bytes:
    return _stream(data, entries=b"/Filter [%b] %b" % (b" ".join([b"/FlateDecode"] * times), entries))


def many_pages() -> bytes:
    """200,000 pages that are one page object."""
    objects = dict(_page(TEXT))
    objects[2] = b"<< /Type /Pages /Kids [%b] /Count 200000 >>" % (b"3 0 R " * 200_000)
    return _file(objects)


def claimed_pages() -> bytes:
    """One page, and a tree that claims two thousand million."""
    return _file({**_page(TEXT), 2: b"<< /Type /Pages /Kids [3 0 R] /Count 2000000000 >>"})


def deep_page_tree() -> bytes:
    """A page tree of 100,000 levels."""
    objects = dict(_page(TEXT))
    levels = 100_000
    objects[2] = b"<< /Type /Pages /Kids [10 0 R] /Count 1 >>"
    for level in range(levels):
        kid = 3 if level == levels - 1 else 11 + level
        objects[10 + level] = b"<< /Type /Pages /Parent %d 0 R /Kids [%d 0 R] /Count 1 >>" % (9 + level, kid)
    return _file(objects)


def page_tree_loop() -> bytes:
    """A page tree whose root is its own kid, twice at each level."""
    return _file({**_page(TEXT), 2: b"<< /Type /Pages /Kids [2 0 R 2 0 R 3 0 R] /Count 1000000 >>"})


def huge_page() -> bytes:
    """A page of 350,000 kilometres."""
    return _file(_page(TEXT, box=b"0 0 1000000000 1000000000"))


def infinite_page() -> bytes:
    """A page whose sides no floating-point number holds."""
    return _file(_page(TEXT, box=b"-%b -%b %b %b" % ((b"9" * 400,) * 4)))


def nested_arrays() -> bytes:
    """A million arrays inside each other, in the page's dictionary."""
    deep = b"[" * 1_000_000 + b"]" * 1_000_000
    return _file(_page(TEXT, resources=RESOURCES + b" /Deep " + deep))


def nested_operands() -> bytes:
    """A million dictionaries inside each other, as an operand in the content."""
    return _file(_page(b"/Span " + b"<< /A " * 1_000_000 + b"1" + b" >>" * 1_000_000 + b" BDC\n" + TEXT + b"EMC"))


def saved_states() -> bytes:
    """Two million graphics states saved, none restored."""
    return _file(_page(b"q " * 2_000_000 + TEXT))


def recursive_form() -> bytes:
    """A form that draws itself twice."""
    resources = b"/Resources << /Font << /F1 4 0 R >> /XObject << /Me 6 0 R >> >>"
    form = _stream(TEXT + b"/Me Do /Me Do", entries=b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] " + resources)
    return _file({**_page(b"/Me Do", resources=resources), 6: form})


def form_tree() -> bytes:
    """Forms of 40 levels, each of which draws the next one twice: a million million lines of text."""
    levels = 40
    objects = dict(_page(b"/Next Do", resources=b"/Resources << /XObject << /Next 10 0 R >> >>"))
    for level in range(levels):
        last = level == levels - 1
        uses = b"/Font << /F1 4 0 R >>" if last else b"/XObject << /Next %d 0 R >>" % (11 + level)
        entries = b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << %b >>" % uses
        objects[10 + level] = _stream(TEXT if last else b"/Next Do /Next Do", entries=entries)
    return _file(objects)


def flate_bomb() -> bytes:
    """Two megabytes of content that become two gigabytes of white space."""
    return _file(_page(b"", contents=_filtered(_flate(2 << 30, b" "))))


def nested_flate_bomb() -> bytes:
    """A few kilobytes of content that become two gigabytes through two filters."""
    return _file(_page(b"", contents=_filtered(zlib.compress(_flate(2 << 30, b" "), 9), times=2)))


def text_bomb() -> bytes:
    """Half a megabyte that becomes four million lines of text."""
    return _file(_page(b"", contents=_filtered(_flate(320 << 20, TEXT))))


def path_bomb() -> bytes:
    """Ten million lines are drawn."""
    return _file(_page(b"", contents=_filtered(_flate(200 << 20, b"0 0 m 9 9 l S\n"))))


def costly_pages() -> bytes:
    """5,000 pages that share one content: 150,000 lines drawn on each."""
    return _file(_repeated(_page(b"", contents=_filtered(_flate(2 << 20, b"0 0 m 9 9 l S\n")))))


def long_winded_pages() -> bytes:
    """5,000 pages that share one content: 20,000 lines of text on each."""
    lines = b"".join(b"BT /F1 9 Tf %d %d Td (Words without end.) Tj ET\n" % (n % 590, n % 840) for n in range(20_000))
    return _file(_repeated(_page(lines)))


def _repeated(page: Objects, *, times: int = 5000) -> Objects:
    """Let a document of one page have it many times, each as an object of its own."""
    kids = range(10, 10 + times)
    tree = b"<< /Type /Pages /Kids [%b] /Count %d >>" % (b"".join(b"%d 0 R " % number for number in kids), times)
    return {**page, 2: tree, **dict.fromkeys(kids, page[3])}


def object_stream_bomb() -> bytes:
    """An object stream that holds the page, and two gigabytes of white space after it."""
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R %b >>" % RESOURCES
    front = b"3 0 ".ljust(64) + page
    compressor = zlib.compressobj(9)
    data = compressor.compress(front) + compressor.flush(zlib.Z_FULL_FLUSH) + _flate(2 << 30, b" ")[2:]
    entries = b"/Type /ObjStm /N 1 /First 64"
    return _with_xref_stream({1: CATALOG, 2: ONE_PAGE, 4: FONT, 5: _stream(TEXT), 7: _filtered(data, entries=entries)})


def _with_xref_stream(objects: Objects) -> bytes:
    """Write objects with a cross-reference stream in which object 3 lies in the object stream 7."""
    parts, offsets, size = [b"%PDF-1.7\n"], {}, 9
    for number, body in sorted(objects.items()):
        offsets[number] = size
        parts.append(b"%d 0 obj\n%b\nendobj\n" % (number, body))
        size += len(parts[-1])
    offsets[8] = size
    rows = [b"\x00" * 7]
    for number in range(1, 9):
        if number in offsets:
            rows.append(b"\x01" + offsets[number].to_bytes(4, "big") + b"\x00\x00")
        else:
            rows.append(b"\x02" + (7).to_bytes(4, "big") + b"\x00\x00" if number == 3 else b"\x00" * 7)
    entries = b"/Type /XRef /Size 9 /W [1 4 2] /Root 1 0 R"
    parts.append(b"8 0 obj\n%b\nendobj\nstartxref\n%d\n%%%%EOF\n" % (_stream(b"".join(rows), entries=entries), size))
    return b"".join(parts)


def huge_image() -> bytes:
    """A picture of 100,000 x 100,000 pixels, beside a line of text."""
    return _file(_with_image(b"/Width 100000 /Height 100000", _flate_of_zeros()))


def overflowing_image() -> bytes:
    """A picture whose number of pixels no 32-bit number holds."""
    return _file(_with_image(b"/Width 2147483647 /Height 2147483647", b"x"))


def many_huge_images() -> bytes:
    """300 pages with a picture of 6,000 x 6,000 pixels each, just below what is read."""
    return _file(_repeated(_with_image(b"/Width 6000 /Height 6000", _flate_of_zeros(6000 * 6000 * 3)), times=300))


def _with_image(size: bytes, data: bytes) -> Objects:
    resources = b"/Resources << /Font << /F1 4 0 R >> /XObject << /Im 6 0 R >> >>"
    entries = (
        b"/Type /XObject /Subtype /Image %b /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /FlateDecode" % size
    )
    content = TEXT + b"q 400 0 0 400 72 200 cm /Im Do Q"
    return {**_page(content, resources=resources), 6: _stream(data, entries=entries)}


def _flate_of_zeros(size: int = 64 << 20) -> bytes:
    return zlib.compress(bytes(size), 9)


def xref_loop() -> bytes:
    """Two cross-reference tables, each of which says that the other comes before it."""
    body = _file(_page(TEXT))
    start = body.rindex(b"startxref")
    first = int(body[start:].split()[1])
    second = len(body)
    body = body.replace(b"/Root 1 0 R >>\nstartxref", b"/Root 1 0 R /Prev %010d >>\nstartxref" % (second + 25))
    table = b"xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 6 /Root 1 0 R /Prev %d >>\n" % first
    return body + b" " * (second + 25 - len(body)) + table + b"startxref\n%d\n%%%%EOF\n" % (second + 25)


def length_loop() -> bytes:
    """A stream whose length is the stream itself."""
    return _file(_page(b"", contents=b"<< /Length 5 0 R >>\nstream\n%b\nendstream" % TEXT))


BOMBS: Mapping[str, Callable[[], bytes]] = MappingProxyType(
    {
        make.__name__: make
        for make in (
            *(many_pages, claimed_pages, deep_page_tree, page_tree_loop, huge_page, infinite_page),
            *(nested_arrays, nested_operands, saved_states, recursive_form, form_tree),
            *(flate_bomb, nested_flate_bomb, text_bomb, path_bomb, costly_pages, long_winded_pages, object_stream_bomb),
            *(huge_image, overflowing_image, many_huge_images, xref_loop, length_loop),
        )
    }
)
"""Each of them by name."""
