"""What a bare pass leaves for the floor: the texts that were embedded, and the rows that were stored."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import lancedb
import pyarrow as pa

_TEXTS = "texts.json"


def keep_texts(root: Path, texts: Iterable[Mapping[str, str]]) -> None:
    """Write the texts of some documents, given by hash, each distinct one once."""
    distinct = {text_hash: text for of_document in texts for text_hash, text in of_document.items()}
    (root / _TEXTS).write_text(json.dumps(list(distinct.values())), encoding="utf-8")


def read_texts(root: Path) -> list[str]:
    texts: list[str] = json.loads((root / _TEXTS).read_text(encoding="utf-8"))
    return texts


def read_rows(root: Path) -> pa.Table:
    """Return the rows of the larger table; the other one is that of the warm-up."""
    database = lancedb.connect(root / "vectors")
    tables = [database.open_table(name).to_arrow() for name in database.list_tables().tables]
    largest: pa.Table = max(tables, key=len)
    return largest
