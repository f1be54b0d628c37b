"""Which converters there are. A new one is one file and one line here."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from shared.converters.dispatch import Converters
from shared.converters.sandbox import Sandbox, SandboxedConverter, load_converter
from shared.settings import Settings

ENGINES: Mapping[str, str] = MappingProxyType(
    {
        "pdfium": "shared.converters.pdf.converter:PdfiumConverter",
        "pdfplumber": "shared.converters.pdfplumber_engine:PdfplumberConverter",
    }
)
"""`settings.pdf_engine` to the converter for PDF, as `module:Class`."""

CONVERTERS: tuple[str, ...] = (
    "shared.converters.text.plain:PlainTextConverter",
    "shared.converters.text.markdown:MarkdownConverter",
    "shared.converters.text.csv:CsvConverter",
    "shared.converters.html.converter:HtmlConverter",
    "shared.converters.office.word:WordConverter",
    "shared.converters.office.slides:SlidesConverter",
    "shared.converters.office.sheets:SheetsConverter",
    "shared.converters.epub.converter:EpubConverter",
    "shared.converters.image_file:ImageConverter",
)
"""The converters of all other types, as `module:Class`; each says itself what it reads."""


def open_converters(settings: Settings) -> Converters:
    """Return the converters, all in one sandbox; its process starts with the first document, `close()` ends it."""
    sandbox = Sandbox()
    factories = (ENGINES[settings.pdf_engine], *CONVERTERS)
    return Converters(SandboxedConverter(factory, sandbox=sandbox) for factory in factories)


@cache
def supported_content_types() -> frozenset[str]:
    """Return the types of documents that are taken: those that every choice of PDF engine can convert."""
    types = [load_converter(factory).content_types for factory in (*ENGINES.values(), *CONVERTERS)]
    return frozenset().union(*types)
