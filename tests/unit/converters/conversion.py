"""Runs one converter on one file, without a sandbox."""

from pathlib import Path

from shared.converters.base import Block, BlockKind, ConversionLimits, ConvertedDocument, Converter


def converted(converter: Converter, source: Path, *, limits: ConversionLimits | None = None) -> ConvertedDocument:
    return converter.convert(
        source, source.parent / "out", limits=limits or ConversionLimits(), should_stop=lambda: False
    )


def written(converter: Converter, source: Path, content: str | bytes) -> ConvertedDocument:
    """Write a file and convert it."""
    source.write_bytes(content.encode() if isinstance(content, str) else content)
    return converted(converter, source)


def kinds(document: ConvertedDocument) -> list[BlockKind]:
    return [block.kind for block in document.blocks]


def of_kind(document: ConvertedDocument, kind: BlockKind) -> list[Block]:
    return [block for block in document.blocks if block.kind is kind]
