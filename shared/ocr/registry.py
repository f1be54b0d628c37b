"""Which recognizer a setting names. A new one is one file and one line here."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import cast

from shared.ocr.base import TextRecognizer
from shared.sandbox.service import load

RECOGNIZERS: Mapping[str, str] = MappingProxyType(
    {
        "rapid": "shared.ocr.rapid:RapidRecognizer",
        "ink": "shared.ocr.fake:InkRecognizer",
    }
)
"""`settings.ocr_engine` to the recognizer, as `module:Class`."""


def open_recognizer(factory: str, *, threads: int) -> TextRecognizer:
    """Return a recognizer; its models are loaded by `load()` or with the first picture."""
    return cast("Callable[..., TextRecognizer]", load(factory))(threads=threads)
