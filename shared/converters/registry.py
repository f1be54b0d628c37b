"""Which converter a setting names. A new engine is one file and one line here."""

from collections.abc import Mapping
from types import MappingProxyType

from shared.converters.sandbox import SandboxedConverter
from shared.settings import Settings

ENGINES: Mapping[str, str] = MappingProxyType(
    {
        "pdfium": "shared.converters.pdf.converter:PdfiumConverter",
        "pdfplumber": "shared.converters.pdfplumber_engine:PdfplumberConverter",
    }
)
"""`settings.pdf_engine` to the converter, as `module:Class`."""


def open_converter(settings: Settings) -> SandboxedConverter:
    """Return the converter for PDF in its sandbox; its process starts with the first document, `close()` ends it."""
    return SandboxedConverter(ENGINES[settings.pdf_engine])
