"""Convert a list of files with another converter and say what it cost: `worker.py NAME SOURCES.json OUTPUT`.

It runs in the environment of the peers, where the project is not installed.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

Convert = Callable[[Path], tuple[str, int]]
"""A file to its Markdown and its number of pages."""


def pdfplumber() -> Convert:
    import pdfplumber

    def convert(source: Path) -> tuple[str, int]:
        parts = []
        with pdfplumber.open(source) as document:
            for page in document.pages:
                tables = page.find_tables()
                rest = page
                for table in tables:
                    rest = rest.filter(lambda thing, box=table.bbox: not _inside(thing, box))
                parts.append(rest.extract_text() or "")
                parts.extend(_pipe_table(table.extract()) for table in tables)
            return "\n\n".join(parts), len(document.pages)

    return convert


def _inside(thing: dict[str, float], box: tuple[float, float, float, float]) -> bool:
    x, y = (thing["x0"] + thing["x1"]) / 2, (thing["top"] + thing["bottom"]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _pipe_table(rows: list[list[str | None]]) -> str:
    lines = [
        "| " + " | ".join(" ".join((cell or "").split()).replace("|", "\\|") for cell in row) + " |" for row in rows
    ]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def markitdown() -> Convert:
    from markitdown import MarkItDown

    engine = MarkItDown()
    return lambda source: (str(engine.convert(str(source)).text_content), _pages(source))


def liteparse() -> Convert:
    from liteparse import LiteParse

    engine = LiteParse(ocr_enabled=False, output_format="markdown", quiet=True)
    return lambda source: (str(engine.parse(str(source)).text), _pages(source))


def _pages(source: Path) -> int:
    import pypdfium2

    with pypdfium2.PdfDocument(source) as document:
        return len(document)


def main(name: str, listed: Path, output: Path) -> None:
    convert = {"pdfplumber": pdfplumber, "markitdown": markitdown, "liteparse": liteparse}[name]()
    sources = [Path(source) for source in json.loads(listed.read_text(encoding="utf-8"))]
    convert(sources[0])
    pages, failed = 0, []
    began = time.process_time()
    for source in sources:
        try:
            markdown, count = convert(source)
        except Exception:  # noqa: BLE001 - whatever a stranger's converter raises is its failure
            failed.append(source.name)
            continue
        pages += count
        (output / f"{source.stem}.md").write_text(markdown, encoding="utf-8")
    cpu_seconds = time.process_time() - began
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cost = {"pages": pages, "cpu_seconds": cpu_seconds, "peak_mib": peak_mib, "failed": failed}
    (output / "cost.json").write_text(json.dumps(cost), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
