"""Write the documents of the set and their references anew: `python -m benchmarks.conversion_set [NAME ...]`."""

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.conversion_set.documents import all_documents
from benchmarks.conversion_set.markdown import reference
from benchmarks.conversion_set.producers import produce

FOLDER = Path(__file__).parent / "documents"


def main(names: Sequence[str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    for document in all_documents():
        if names and document.name not in names:
            continue
        target = FOLDER / f"{document.name}.pdf"
        produce(document, target)
        target.with_suffix(".md").write_text(reference(document), encoding="utf-8")
        print(f"{document.name}: {target.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main(sys.argv[1:])
