"""The numbers and bullets in front of Word paragraphs: Word counts them, the file holds only the rules."""

import collections
from dataclasses import dataclass, field

from lxml import etree

from shared.converters.office.package import qualified

_VAL = qualified("w:val")
_BULLETS = frozenset(("bullet", "none"))
_CHINESE = "零一二三四五六七八九"
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
          (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Level:
    number_format: str = "decimal"
    text: str = ""
    start: int = 1


@dataclass(slots=True)
class Numbering:
    """Counts the numbered paragraphs of a document in their order."""

    levels: dict[str, dict[int, _Level]] = field(default_factory=dict)
    """By number id and level."""
    _counts: dict[str, dict[int, int]] = field(default_factory=lambda: collections.defaultdict(dict))

    @classmethod
    def of(cls, root: etree._Element | None) -> "Numbering":
        """Read the rules from the numbering part."""
        found = cls()
        if root is None:
            return found
        abstract = {
            item.get(qualified("w:abstractNumId")): {
                int(level.get(qualified("w:ilvl")) or 0): _level(level) for level in item.iter(qualified("w:lvl"))
            }
            for item in root.iter(qualified("w:abstractNum"))
        }
        for number in root.iter(qualified("w:num")):
            link = number.find(qualified("w:abstractNumId"))
            levels = dict(abstract.get(link.get(_VAL), {})) if link is not None else {}
            for override in number.iter(qualified("w:lvlOverride")):
                start = override.find(qualified("w:startOverride"))
                at = int(override.get(qualified("w:ilvl")) or 0)
                if start is not None and at in levels:
                    levels[at] = _Level(levels[at].number_format, levels[at].text, int(start.get(_VAL) or 1))
            found.levels[number.get(qualified("w:numId")) or ""] = levels
        return found

    def label(self, number_id: str, level: int) -> str:
        """Count a paragraph and return what stands in front of it: `1.`, `第二章`, `(a)`; `-` for a bullet."""
        levels = self.levels.get(number_id, {})
        rule = levels.get(level, _Level("bullet"))
        if rule.number_format in _BULLETS:
            return "-"
        counts = self._counts[number_id]
        counts[level] = counts.get(level, rule.start - 1) + 1
        for deeper in [other for other in counts if other > level]:
            del counts[deeper]
        text = rule.text
        for at in range(level + 1):
            other = levels.get(at, _Level())
            text = text.replace(f"%{at + 1}", _number(counts.get(at, other.start), other.number_format))
        return text.strip() or "-"


def _level(element: etree._Element) -> _Level:
    def value(name: str, default: str) -> str:
        found = element.find(qualified(name))
        return (found.get(_VAL) or default) if found is not None else default

    start = value("w:start", "1")
    return _Level(value("w:numFmt", "decimal"), value("w:lvlText", ""), int(start) if start.isdecimal() else 1)


def _number(value: int, number_format: str) -> str:
    match number_format:
        case "lowerLetter" | "upperLetter":
            letter = chr(ord("a") + (value - 1) % 26) * ((value - 1) // 26 % 8 + 1)
            return letter.upper() if number_format == "upperLetter" else letter
        case "lowerRoman" | "upperRoman":
            return _roman(value).upper() if number_format == "upperRoman" else _roman(value)
        case "chineseCounting" | "chineseCountingThousand" | "ideographDigital" | "japaneseCounting":
            return _chinese(value)
        case "decimalZero":
            return f"{value:02}"
        case "decimalEnclosedCircle" | "decimalEnclosedCircleChinese" if 1 <= value <= 20:
            return chr(ord("①") + value - 1)
        case _:
            return str(value)


def _roman(value: int) -> str:
    if not 0 < value < 4000:
        return str(value)
    written = ""
    for worth, letters in _ROMAN:
        written += letters * (value // worth)
        value %= worth
    return written


def _chinese(value: int) -> str:
    if not 0 < value < 100:
        return str(value)
    tens, ones = divmod(value, 10)
    return ("" if not tens else "十" if tens == 1 else f"{_CHINESE[tens]}十") + (_CHINESE[ones] if ones else "")
