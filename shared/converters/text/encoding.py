"""How the bytes of a text are encoded: UTF-8, UTF-16 with a mark, GB18030, or Windows-1252 as the last resort."""

import codecs
from dataclasses import dataclass

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROLS = {code: None for code in range(0x20) if chr(code) not in "\t\n\v\f\r\x1b"}
_COMMON_CHINESE = 0.8
"""Share of the characters beyond ASCII that a Chinese text has in GB2312; other bytes give rare ones."""
_WESTERN_LETTERS = 0.25
"""Share of a Western text that may lie beyond ASCII."""
_SAMPLE_CHARACTERS = 1 << 20


@dataclass(frozen=True, slots=True)
class DecodedText:
    text: str
    """Without a byte order mark, its lines ended by `\\n`."""
    encoding: str
    is_damaged: bool
    """Some bytes meant nothing in the encoding; `�` stands for them."""


def text_encoding(head: bytes, *, is_whole: bool) -> str | None:
    """Return the encoding of a text that begins with `head`, or None where it is no text.

    Unless it `is_whole`, the head may end in the middle of a character.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            text = _decoded(head, encoding, is_whole)
            return encoding if text is not None and _is_free_of_controls(text) else None
    for encoding, is_plausible in (("utf-8", _any), ("gb18030", _is_chinese), ("cp1252", _is_western)):
        text = _decoded(head, encoding, is_whole)
        if text is not None and _is_free_of_controls(text) and is_plausible(text):
            return encoding
    return None


def decode_text(data: bytes) -> DecodedText:
    """Decode a whole file; what its head told may fail further on, and then the damage is limited to those bytes."""
    encoding = text_encoding(data, is_whole=True) or text_encoding(data[:4096], is_whole=False) or "utf-8"
    text = _decoded(data, encoding, True)
    is_damaged = text is None
    if text is None:
        text = data.decode(encoding, "replace")
    return DecodedText(text.replace("\r\n", "\n").replace("\r", "\n"), encoding, is_damaged)


def _decoded(data: bytes, encoding: str, is_whole: bool) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(data, is_whole)
    except UnicodeDecodeError:
        return None


def _is_free_of_controls(text: str) -> bool:
    return len(text.translate(_CONTROLS)) == len(text)


def _any(_: str) -> bool:
    return True


def _is_chinese(text: str) -> bool:
    beyond = _beyond_ascii(text)
    return len(beyond.encode("gb2312", "ignore")) / 2 >= _COMMON_CHINESE * len(beyond)


def _is_western(text: str) -> bool:
    beyond = _beyond_ascii(text)
    letters = sum(character.isalpha() for character in beyond)
    return len(beyond) <= _WESTERN_LETTERS * len(text[:_SAMPLE_CHARACTERS]) and letters >= len(beyond) / 2


def _beyond_ascii(text: str) -> str:
    return "".join(character for character in text[:_SAMPLE_CHARACTERS] if character > "\x7f")
