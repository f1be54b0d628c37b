"""`make bench-conversion`: score the PDF converter on every set of documents that is there, and measure its cost.

Sets: the committed one, those beside the project, and folders given as arguments (NAME.pdf with its reference NAME.md).
Other converters are measured too where their environment is: see benchmarks/peers/conversion/README.md.
"""

import argparse
import json
from pathlib import Path

from benchmarks.conversion.converters import ROOT, MeasuredConverter, measured_converters
from benchmarks.conversion.report import SetResult, SpeedResult, as_json, as_text
from benchmarks.conversion.scoring import score
from benchmarks.conversion.sets import DocumentSet, corpus_sources, find_sets


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, help="more sets: folders of NAME.pdf and NAME.md")
    parser.add_argument("--no-peers", action="store_true", help="measure our converter only")
    parser.add_argument("--no-speed", action="store_true", help="leave out the run over the real documents")
    parser.add_argument(
        "--json", type=Path, default=ROOT / ".data/bench/conversion.json", help="write the figures here"
    )
    arguments = parser.parse_args()

    sets = find_sets(arguments.folders)
    converters = measured_converters(with_peers=not arguments.no_peers)
    results = [measure(converter, documents) for documents in sets for converter in converters]
    sources = [] if arguments.no_speed else corpus_sources()
    speeds = [SpeedResult(converter.name, converter.run(sources).cost) for converter in converters if sources]
    print(as_text(results, speeds, per_document=converters[0].name))
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(as_json(results, speeds), indent=2), encoding="utf-8")
    print(f"\nwritten to {arguments.json}")


def measure(converter: MeasuredConverter, documents: DocumentSet) -> SetResult:
    """Convert every document of a set and score it; one that could not be converted scores 0."""
    run = converter.run(documents.sources())
    scores = {name: score(documents.reference(name), run.markdown.get(name, "")) for name in documents.documents}
    return SetResult(documents.name, converter.name, scores, run.cost)


if __name__ == "__main__":
    main()
