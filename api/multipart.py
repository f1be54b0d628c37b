"""A streaming reader of multipart/form-data: what happens in the parts named `file`, as the bytes come in."""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, MultipartState, parse_options_header

from api.validation import BadField

FILE_FIELD = b"file"
MAX_HEADER_BYTES = 64 << 10
"""Of one line; a file name of 4,000 Chinese characters takes 12,000 bytes, percent-encoded 36,000."""

EXTENDED_NAME = re.compile(rb"""(?:^|[;\s])filename\*\s*=\s*"?([\w-]+)'[^']*'([^;"\s]+)""", re.IGNORECASE)


@dataclass(frozen=True)
class FileBegins:
    filename: str


@dataclass(frozen=True)
class FileBytes:
    data: bytes


@dataclass(frozen=True)
class FileEnds:
    pass


Event = FileBegins | FileBytes | FileEnds


def boundary_of(content_type: str) -> bytes:
    """Return the boundary that a Content-Type header announces; raises `InvalidRequest` where there is none."""
    media_type, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if media_type != b"multipart/form-data" or not boundary:
        raise BadField("body", "multipart_expected")
    return boundary


class FilePartParser:
    """Turns the bytes of a multipart body into events; other fields are passed over."""

    def __init__(self, boundary: bytes) -> None:
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._on_part_begin,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": self._on_part_data,
                    "on_part_end": self._on_part_end,
                },
                max_header_size=MAX_HEADER_BYTES,
            )
        except FormParserError as error:
            raise BadField("body", "multipart_expected") from error
        self._events: list[Event] = []
        self._pending: list[bytes] = []
        self._header_name = b""
        self._header_value = b""
        self._disposition = b""
        self._in_file = False

    def feed(self, data: bytes) -> list[Event]:
        """Read on and return what happened; raises `InvalidRequest` for what is no multipart body."""
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise BadField("body", "malformed") from error
        self._flush()
        events, self._events = self._events, []
        return events

    def finish(self) -> None:
        """Raise `InvalidRequest` where the closing boundary has not been seen."""
        if self._parser.state != MultipartState.END:
            raise BadField("body", "malformed")

    def _flush(self) -> None:
        """Join the many small pieces that the parser makes of a file full of line ends."""
        if self._pending:
            self._events.append(FileBytes(b"".join(self._pending)))
            self._pending.clear()

    def _on_part_begin(self) -> None:
        self._disposition = b""

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header_name = self._header_value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._in_file = options.get(b"name") == FILE_FIELD
        if self._in_file:
            self._events.append(FileBegins(_filename(self._disposition, options.get(b"filename"))))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._pending.append(data[start:end])

    def _on_part_end(self) -> None:
        self._flush()
        if self._in_file:
            self._events.append(FileEnds())


def _filename(disposition: bytes, plain: bytes | None) -> str:
    """Read the name: `filename*` (RFC 5987) first, which some clients send though RFC 7578 asks them not to."""
    extended = EXTENDED_NAME.search(disposition)
    if extended:
        charset = "latin-1" if extended[1].lower() == b"iso-8859-1" else "utf-8"
        return unquote_to_bytes(extended[2]).decode(charset, errors="replace")
    if plain is None:
        raise BadField("file", "no_filename")
    try:
        return plain.decode()
    except UnicodeDecodeError:
        return plain.decode("latin-1")
