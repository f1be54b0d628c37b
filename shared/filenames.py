"""File names as people send them, made harmless."""

import unicodedata

MAX_CHARACTERS = 255
FALLBACK = "document"


def clean_filename(name: str) -> str:
    """Return the last part of a path without control and direction characters, at most 255 characters.

    Direction marks (Unicode category Cf) could make `fdp.exe` read as `exe.pdf`; the ending is kept when the name is
    cut.
    """
    visible = "".join(char for char in name if unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"})
    last = visible.replace("\\", "/").rsplit("/", 1)[-1].strip().strip(". ")
    if not last:
        return FALLBACK
    if len(last) <= MAX_CHARACTERS:
        return last
    stem, dot, ending = last.rpartition(".")
    if not dot or len(ending) > 16:
        return last[:MAX_CHARACTERS]
    return f"{stem[: MAX_CHARACTERS - len(ending) - 1]}.{ending}"
