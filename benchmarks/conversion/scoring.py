"""How near a converted document comes to its reference: text, tables and headings, each from 0 to 1.

- text: normalised indel similarity of the plain texts, so their order counts.
- tables: the mean TEDS of the tables of the reference (tree edit distance over rows and cells with their texts:
  Zhong, ShafieiBavani and Jimeno Yepes, 'Image-based table recognition', arXiv 1911.10683). Each takes the converted
  table whose text is most like its own; none counts 0.
- headings: 1 less the tree edit distance of the outlines over the size of the larger, levels and texts counted.
- overall: the mean of those that the document has.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean

from apted import APTED, Config
from rapidfuzz import fuzz
from rapidfuzz.distance import Indel, Levenshtein

from benchmarks.conversion.markdown_text import Row, headings_of, plain_text, tables_of

_LEAST_LIKENESS = 20  # per cent: tables with less in common are not the same table


@dataclass(frozen=True)
class Score:
    """The marks of one document; None where its reference has no table or no heading."""

    text: float
    tables: float | None
    headings: float | None

    @property
    def overall(self) -> float:
        return fmean(mark for mark in (self.text, self.tables, self.headings) if mark is not None)


@dataclass(eq=False)
class Node:
    """A node of a table or of an outline."""

    kind: str
    text: str = ""
    children: list["Node"] = field(default_factory=list)

    def size(self) -> int:
        return 1 + sum(child.size() for child in self.children)


class _Costs(Config):  # type: ignore[misc]  # apted has no types
    """Putting in and taking out costs 1; a change of text costs the share of it that changes."""

    def rename(self, node1: Node, node2: Node) -> float:
        return 1.0 if node1.kind != node2.kind else Levenshtein.normalized_distance(node1.text, node2.text)

    def children(self, node: Node) -> list[Node]:
        return node.children


def score(reference: str, converted: str) -> Score:
    """Return the marks of a converted document against its reference, both Markdown."""
    wanted = tables_of(reference)
    headings = list(headings_of(reference))
    return Score(
        text=Indel.normalized_similarity(plain_text(reference), plain_text(converted)),
        tables=_tables_mark(wanted, tables_of(converted)) if wanted else None,
        headings=_likeness(_outline(headings), _outline(list(headings_of(converted)))) if headings else None,
    )


def mean(scores: Sequence[Score]) -> Score:
    """Return the mean of each mark over the documents that have it; `overall` is then the mean of the three."""

    def over(marks: list[float | None]) -> float | None:
        given = [mark for mark in marks if mark is not None]
        return fmean(given) if given else None

    return Score(
        text=fmean(each.text for each in scores),
        tables=over([each.tables for each in scores]),
        headings=over([each.headings for each in scores]),
    )


def _tables_mark(wanted: Sequence[list[Row]], found: Sequence[list[Row]]) -> float:
    pairs = sorted(
        ((fuzz.ratio(_flat(want), _flat(got)), w, f) for w, want in enumerate(wanted) for f, got in enumerate(found)),
        reverse=True,
    )
    paired: dict[int, int] = {}
    for likeness, w, f in pairs:
        if likeness >= _LEAST_LIKENESS and w not in paired and f not in paired.values():
            paired[w] = f
    marks = [_likeness(_table_tree(wanted[w]), _table_tree(found[f])) for w, f in paired.items()]
    return sum(marks) / len(wanted)


def _flat(table: list[Row]) -> str:
    return " ".join(" ".join(row) for row in table)


def _table_tree(table: list[Row]) -> Node:
    return Node("table", children=[Node("row", children=[Node("cell", cell) for cell in row]) for row in table])


def _outline(headings: Sequence[tuple[int, str]]) -> Node:
    root = Node("document")
    path = [(0, root)]
    for level, text in headings:
        while path[-1][0] >= level:
            path.pop()
        node = Node("heading", text)
        path[-1][1].children.append(node)
        path.append((level, node))
    return root


def _likeness(first: Node, second: Node) -> float:
    distance: float = APTED(first, second, _Costs()).compute_edit_distance()
    return max(0.0, 1.0 - distance / max(first.size(), second.size()))
