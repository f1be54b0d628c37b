"""The sets of documents that are scored: folders with NAME.pdf and its exact reference NAME.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.conversion.converters import ROOT

COMMITTED = ROOT / "benchmarks/conversion_set/documents"
_BESIDE_THE_PROJECT = (ROOT.parent / "shared/conversion/synth",)
CORPUS = ROOT.parent / "shared/corpus"
"""Real documents without references: they tell the speed."""

_NOT_MEASURED = ("bad-", "scanned-")  # damaged on purpose, or without text


@dataclass(frozen=True)
class DocumentSet:
    """A folder of documents and the names of those that have a reference."""

    name: str
    folder: Path
    documents: tuple[str, ...]

    def sources(self) -> list[Path]:
        return [self.folder / f"{name}.pdf" for name in self.documents]

    def reference(self, name: str) -> str:
        return (self.folder / f"{name}.md").read_text(encoding="utf-8")


def find_sets(folders: Sequence[Path]) -> list[DocumentSet]:
    """Return the committed set, the sets beside the project and those of the given folders, where they are."""
    sets = []
    for folder in dict.fromkeys((COMMITTED, *_BESIDE_THE_PROJECT, *folders)):
        names = sorted(path.stem for path in folder.glob("*.md") if path.with_suffix(".pdf").exists())
        if names:
            name = "committed" if folder == COMMITTED else folder.name
            sets.append(DocumentSet(name, folder, tuple(names)))
    return sets


def corpus_sources() -> list[Path]:
    """Return the real documents that tell the speed; none where the folder is missing."""
    return [path for path in sorted(CORPUS.glob("*.pdf")) if not path.name.startswith(_NOT_MEASURED)]
