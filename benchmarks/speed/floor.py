"""Floor: the least that the work can cost with these parts: `floor.py ORDER.json OUTPUT.json`.

pdfium reads the text of every page, a process for each core; the model embeds the texts of a bare pass, all of them in
one call, so that they are sorted by length and every core is busy; one write puts the rows of that pass into a table.
Nothing is converted, chunked, checked, kept in between or found again.
"""

import multiprocessing
import sys
from collections.abc import Sequence
from multiprocessing.pool import Pool
from pathlib import Path
from tempfile import TemporaryDirectory

import lancedb
import pypdfium2

from benchmarks.many_documents import write_documents
from benchmarks.speed.clock import Stopwatch
from benchmarks.speed.kept import read_rows, read_texts
from benchmarks.speed.machine import usable_cores
from benchmarks.speed.one_pass import Order, Pass
from shared.embedders.registry import open_embedder
from shared.settings import Settings


def read_share(share: tuple[Sequence[Path], int, int]) -> int:
    """Read every `step`th page of each file from `first`; files that cannot be opened have none."""
    sources, first, step = share
    pages = 0
    for source in sources:
        try:
            document = pypdfium2.PdfDocument(source)
        except pypdfium2.PdfiumError:
            continue
        for number in range(first, len(document), step):
            document[number].get_textpage().get_text_range()
            pages += 1
        document.close()
    return pages


def read_all(pool: Pool, sources: Sequence[Path], cores: int) -> int:
    return sum(pool.map(read_share, [(sources, first, cores) for first in range(cores)], chunksize=1))


def run(order: Order, root: Path) -> Pass:
    assert order.keep is not None
    cores, settings = usable_cores(), Settings()
    texts, rows = read_texts(order.keep), read_rows(order.keep)
    embedder = open_embedder(settings.embedding_provider, settings.embedding_model, settings)
    database = lancedb.connect(root / "vectors")
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        read_all(pool, write_documents(root, 1), cores)
        embedder.embed(texts[: 4 * cores])
        database.create_table("warm-up", rows.slice(0, 8))
        with Stopwatch() as reading:
            pages = read_all(pool, order.sources, cores)
        with Stopwatch() as embedding:
            embedder.embed(texts)
        with Stopwatch() as writing:
            database.create_table("rows", rows)
    tokens = sum(embedder.count_tokens(texts))
    parts = (reading, embedding, writing)
    return Pass(
        seconds=sum(part.seconds for part in parts),
        cpu_seconds=sum(part.cpu_seconds for part in parts),
        pages=pages,
        chunks=len(rows),
        peak_mib=max(part.peak_mib for part in parts),
        details={
            "read seconds": reading.seconds,
            "embed seconds": embedding.seconds,
            "write seconds": writing.seconds,
            "tokens": tokens,
            "tokens per second": tokens / embedding.seconds,
        },
    )


def main() -> None:
    order = Order.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with TemporaryDirectory(prefix="kbsync-floor-") as directory:
        found = run(order, Path(directory))
    Path(sys.argv[2]).write_text(found.model_dump_json(), encoding="utf-8")


if __name__ == "__main__":
    main()
