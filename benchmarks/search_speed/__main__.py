"""Fill a table with chunks in English and Chinese as a large sync does, and time searches in every mode:

python -m benchmarks.search_speed --chunks 1000000

A table that `--directory` keeps is searched again without being filled, so that two ways to search can be compared.
"""

import argparse
import dataclasses
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.search_speed.documents import DocumentSource
from benchmarks.search_speed.exact import nearest
from benchmarks.search_speed.filling import Filled, fill
from benchmarks.search_speed.searching import Searched, search_apart
from shared.embedders.registry import open_embedder
from shared.settings import Settings
from shared.vector_stores.base import TableName

RECALL_QUERIES = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=200_000)
    parser.add_argument("--searches", type=int, default=300, help="in each mode")
    parser.add_argument("--directory", type=Path, help="keep the table here")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()
    with TemporaryDirectory(prefix="kbsync-speed-") as temporary:
        directory = arguments.directory or Path(temporary)
        filled, searched = run(str(directory), chunks=arguments.chunks, searches=arguments.searches)
    report(filled, searched)
    if arguments.json:
        figures = {"filled": filled and dataclasses.asdict(filled), "searched": searched.model_dump()}
        arguments.json.write_text(json.dumps(figures, indent=2, default=lambda model: model.model_dump()), "utf-8")


def run(directory: str, *, chunks: int, searches: int) -> tuple[Filled | None, Searched]:
    settings = Settings()
    embedder = open_embedder(settings.embedding_provider, settings.embedding_model, settings)
    name = TableName(kb_id="kb-speed", model=embedder.model, dimensions=embedder.dimensions)
    source = DocumentSource(embedder)
    is_there = any(Path(directory).glob("*.lance"))
    filled = None if is_there else fill(directory, name, source, chunks=chunks)
    vectors = source.vectors.queries(RECALL_QUERIES)
    exact = nearest(directory, name, vectors)
    return filled, search_apart(directory, chunks=chunks, searches=searches, exact=exact, vectors=vectors)


def report(filled: Filled | None, searched: Searched) -> None:
    if filled:
        print(f"{filled.chunks:,} chunks: rows written in {filled.seconds:.0f} s")
        print(f"  optimized in {sum(each.seconds for each in filled.optimized):.0f} s")
        print(f"  processor {sum(each.cpu_seconds for each in filled.optimized):.0f} s")
        print(f"  peak memory of a worker that optimizes {max(each.peak_mib for each in filled.optimized)} MiB")
    for label, times in {"embedding": searched.embedding, **searched.by_mode}.items():
        print(
            f"{label:12} first {times.first:7.1f}  p50 {times.p50:7.1f}  p90 {times.p90:7.1f}  p99 {times.p99:7.1f} ms"
        )
    print(f"recall at 10 {searched.recall:.4f}, peak memory of the searching process {searched.peak_mib} MiB")


if __name__ == "__main__":
    main()
