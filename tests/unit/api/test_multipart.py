"""The streaming multipart reader, fed in pieces of every size."""

import pytest

from api.multipart import FileBegins, FileBytes, FileEnds, FilePartParser, boundary_of
from shared.errors import InvalidRequest

BOUNDARY = b"frontier"


def part(disposition: bytes, content: bytes) -> bytes:
    return b"--" + BOUNDARY + b"\r\nContent-Disposition: " + disposition + b"\r\n\r\n" + content + b"\r\n"


END = b"--" + BOUNDARY + b"--\r\n"


def read_files(body: bytes, *, piece: int = 1 << 16) -> list[tuple[str, bytes]]:
    parser = FilePartParser(BOUNDARY)
    files: list[tuple[str, bytes]] = []
    open_file: list[bytes] = []
    name = ""
    for start in range(0, len(body), piece):
        for event in parser.feed(body[start : start + piece]):
            match event:
                case FileBegins(filename):
                    name, open_file = filename, []
                case FileBytes(data):
                    open_file.append(data)
                case FileEnds():
                    files.append((name, b"".join(open_file)))
    parser.finish()
    return files


def name_of(disposition: bytes) -> str:
    return read_files(part(disposition, b"x") + END)[0][0]


@pytest.mark.parametrize("piece", [1, 2, 7, 64, 4096])
def test_files_come_out_whole_whatever_the_pieces(piece: int) -> None:
    first, second = b"a\r\n--frontie\r\n\r\nb" * 40, b"\x00\xff\r\n" * 100
    body = (
        part(b'form-data; name="file"; filename="1.pdf"', first)
        + part(b'form-data; name="note"', b"not a file")
        + part(b'form-data; name="file"; filename="2.pdf"', second)
        + END
    )
    assert read_files(body, piece=piece) == [("1.pdf", first), ("2.pdf", second)]


def test_empty_file_begins_and_ends() -> None:
    assert read_files(part(b'form-data; name="file"; filename="empty.pdf"', b"") + END) == [("empty.pdf", b"")]


def test_pieces_of_one_write_are_joined() -> None:
    parser = FilePartParser(BOUNDARY)
    events = parser.feed(part(b'form-data; name="file"; filename="a"', b"line\r\n" * 1000) + END)
    assert [type(event) for event in events] == [FileBegins, FileBytes, FileEnds]


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('form-data; name="file"; filename="报告.pdf"'.encode(), "报告.pdf"),
        ('form-data; name="file"; filename="r\xe9sum\xe9.pdf"'.encode("latin-1"), "résumé.pdf"),
        (b"form-data; name=\"file\"; filename*=UTF-8''%E6%8A%A5%E5%91%8A.pdf", "报告.pdf"),
        (b'form-data; name="file"; filename="x.pdf"; filename*=utf-8\'zh\'%E6%8A%A5.pdf', "报.pdf"),
        (b"form-data; name=\"file\"; filename*=iso-8859-1''r%E9sum%E9.pdf", "résumé.pdf"),
        (b'form-data; name="file"; filename="say \\"hi\\"; ok.pdf"', 'say "hi"; ok.pdf'),
        (b"form-data; name=file; filename=plain.pdf", "plain.pdf"),
        (b'form-data; name="file"; filename=""', ""),
        (b'form-data; name="file"; filename="' + "长".encode() * 4000 + b'.pdf"', "长" * 4000 + ".pdf"),
    ],
)
def test_file_names_are_read_in_every_spelling(disposition: bytes, name: str) -> None:
    assert name_of(disposition) == name


def test_file_part_without_a_file_name_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        read_files(part(b'form-data; name="file"', b"path/to/a.pdf") + END)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no multipart at all",
        part(b'form-data; name="file"; filename="a"', b"x"),
        part(b'form-data; name="file"; filename="a"', b"x")[:-5],
        b"--frontier\r\nContent-Disposition",
    ],
)
def test_body_that_is_cut_off_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read_files(body)


@pytest.mark.parametrize("content_type", ["", "application/json", "multipart/form-data", "multipart/mixed; boundary=x"])
def test_content_type_without_a_boundary_is_refused(content_type: str) -> None:
    with pytest.raises(InvalidRequest):
        boundary_of(content_type)


def test_overlong_boundary_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        FilePartParser(b"x" * 10_000)
