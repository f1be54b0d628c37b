"""Makes blocks of text, lists and tables from the sentences, the same for the same seed."""

import random
from collections.abc import Sequence

from benchmarks.conversion_set.model import Block, Heading, Item, Items, Paragraph, Table, TableStyle
from benchmarks.conversion_set.sentences import NAMES, PLACES, SENTENCES, TITLES

_PARTS = {
    "en": ("Part", "Place", "Number", "Price"),
    "zh": ("名称", "存放地点", "数量", "单价"),
    "ar": ("القطعة", "المكان", "العدد", "السعر"),
}
_REMARKS = {"en": ("Part", "Finding", "Checked on"), "zh": ("名称", "检查情况", "检查日期")}


class Writer:
    """The texts of one document."""

    def __init__(self, language: str, seed: int) -> None:
        self._language = language
        self._random = random.Random(seed)
        self._titles = list(TITLES[language])
        self._random.shuffle(self._titles)

    def title(self) -> str:
        return self._titles.pop()

    def text(self, sentences: int) -> str:
        space = "" if self._language == "zh" else " "
        return space.join(self._random.sample(SENTENCES[self._language], sentences))

    def paragraph(self, sentences: int = 4) -> Paragraph:
        return Paragraph(self.text(sentences))

    def section(self, level: int, number: str = "", *, paragraphs: int = 2) -> list[Block]:
        """Return a heading, with its number if it has one, and paragraphs under it."""
        title = f"{number}{self.title()}"
        return [Heading(level, title), *(self.paragraph(self._random.randint(3, 5)) for _ in range(paragraphs))]

    def items(self, depths: Sequence[int], *, numbered: bool = False) -> Items:
        return Items([Item(self.text(1), depth) for depth in depths], numbered=numbered)

    def parts(self, rows: int, style: TableStyle) -> Table:
        """Return a table of names, places, numbers and prices."""
        body = [
            (
                self._random.choice(NAMES[self._language]),
                self._random.choice(PLACES[self._language]),
                str(self._random.randint(1, 480)),
                f"{self._random.randint(1, 9999):,}.{self._random.randint(0, 99):02}",
            )
            for _ in range(rows)
        ]
        return Table([_PARTS[self._language], *body], style, right=(2, 3))

    def remarks(self, rows: int, style: TableStyle) -> Table:
        """Return a table with a column of sentences, some of which need several lines."""
        body = [
            (
                self._random.choice(NAMES[self._language]),
                self.text(1 + index % 2),
                f"2025-{self._random.randint(1, 12):02}-{self._random.randint(1, 28):02}",
            )
            for index in range(rows)
        ]
        return Table([_REMARKS[self._language], *body], style)

    def years(self, rows: int, style: TableStyle) -> Table:
        """Return a table with a header over several columns and figures below it."""
        first, spanning = ("Place", "Cubic metres") if self._language == "en" else ("地点", "立方米")
        header = (first, spanning, spanning, spanning)
        names = self._random.sample(PLACES[self._language], min(rows, len(PLACES[self._language])))
        body = [(name, *(f"{self._random.uniform(1, 900):.1f}" for _ in range(3))) for name in names]
        return Table([header, ("", "2023", "2024", "2025"), *body], style, right=(1, 2, 3), spans={(0, 1): 3})
