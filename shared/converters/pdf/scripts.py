"""Writing systems: which characters are Chinese or right-to-left, which stand for another, how words join."""

import itertools
import re
import unicodedata
from collections.abc import Sequence

from shared.converters.pdf.words import Space, Word

_HAN_RANGES = "\u2e80-\u2fdf\u3000-\u303f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef"
HAN = re.compile(f"[{_HAN_RANGES}\U00020000-\U0003ffff]")
"""Characters that join without a space: Han, kana, full-width forms and their punctuation."""

RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
"""Hebrew, Arabic and their relatives."""

RAISED = re.compile("^[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ]+$")
"""A raised figure: an exponent or the mark of a footnote."""

_CLOSING_MARKS = ",.;:)]}"

OPEN_END = re.compile(r"[.!?。！？:：;；…][\"'”’)）」』\]]*$")
"""Matches text that ends a sentence or a clause; without a match the text goes on."""

_SOFT_HYPHENS = {0x02: "-", 0xFFFE: "-", 0xAD: None}
_INVISIBLE = {0x200B: None, 0x200C: None, 0x2060: None, 0xFEFF: None}
# Radicals that Unicode does not decompose, as fonts map them: CJK Radicals Supplement to the character in use.
_RADICALS = {
    0x2E81: "厂",
    0x2EA0: "民",
    0x2EB6: "羊",
    0x2EC4: "西",
    0x2EC5: "见",
    0x2ECB: "车",
    0x2ED3: "长",
    0x2ED4: "镸",
    0x2ED8: "青",
    0x2EDA: "页",
    0x2EE2: "马",
    0x2EE6: "鱼",
    0x2EE9: "黄",
}


def _compatibility_forms() -> dict[int, str | None]:
    # Only radicals, ligatures and compatibility ideographs: all of NFKC would also turn ² into 2 and ① into 1.
    forms: dict[int, str | None] = {}
    for first, last in ((0x2E80, 0x2FDF), (0xFB00, 0xFB06), (0xF900, 0xFAFF)):
        for code in range(first, last + 1):
            plain = unicodedata.normalize("NFKC", chr(code))
            if plain != chr(code):
                forms[code] = plain
    return forms


CHARACTER_MAP: dict[int, str | None] = (
    _compatibility_forms() | _RADICALS | _SOFT_HYPHENS | _INVISIBLE  # type: ignore[operator]
)
"""For `str.translate`: what a character of a PDF stands for."""


_SECTION_NUMBER = re.compile(r"^\d{1,2}(\.\d{1,2})+\.?$")
_MIXED_GAP = 0.5  # font sizes: what typesetting puts between Han and Latin letters, where no space is written


def is_right_to_left(words: Sequence[Word]) -> bool:
    """Tell whether most of the text is Hebrew, Arabic or a relative."""
    text = "".join([word.text for word in words])
    if text.isascii() or not RTL.search(text):  # nearly every line
        return False
    total = len(text)
    return sum(len(word.text) for word in words if RTL.search(word.text)) * 2 > total


def join_words(words: Sequence[Word]) -> str:
    """Return the text of words on one baseline, with a space where the page shows one."""
    if is_right_to_left(words):
        return _join_right_to_left(sorted(words, key=lambda word: word.index))
    ordered = sorted(words, key=lambda word: word.left)
    text = ordered[0].text
    if len(ordered) > 1 and HAN.match(ordered[1].text) and _SECTION_NUMBER.match(text) and ordered[1].space:
        text += " "  # however narrow the space between the number of a section and its title is
    for before, word in itertools.pairwise(ordered):
        text += word.text if text.endswith(" ") or _joins(before, word) else " " + word.text
    return text


def _join_right_to_left(words: Sequence[Word]) -> str:
    text = ""
    for number, run in itertools.groupby(_with_breaks(words), key=lambda entry: entry[0]):
        group = [word for _, word in run]
        text += _run_text(group) if number else "".join((" " if word.space else "") + word.text for word in group)
    return text.strip()


def _with_breaks(words: Sequence[Word]) -> list[tuple[int, Word]]:
    """Number the runs of right-to-left words without a space between them from 1; other words have 0."""
    numbered: list[tuple[int, Word]] = []
    run, inside = 0, False
    for word in words:
        if not RTL.search(word.text):
            numbered.append((0, word))
            inside = False
            continue
        run += not inside or word.space is not Space.NONE
        numbered.append((run, word))
        inside = True
    return numbered


def _run_text(run: Sequence[Word]) -> str:
    """Return a right-to-left word in the order of reading: some files hold its letters from left to right."""
    text = "".join(word.text for word in run)
    lefts = [word.left for word in run]
    steps = sum(1 if after > before else -1 for before, after in itertools.pairwise(lefts))
    from_the_left = steps > 0 if steps else run[0].rightward > 0
    return (" " if run[0].space else "") + (text[::-1] if from_the_left else text)


def _joins(before: Word, word: Word) -> bool:
    gap = word.left - before.right
    size = max(word.size, before.size)
    if RAISED.match(word.text) or (RAISED.match(before.text) and word.text[0] in _CLOSING_MARKS):
        return gap < 0.5 * size  # what looks like a space there is one only if a raised figure stands far off
    han_before, han_after = bool(HAN.match(before.text[-1])), bool(HAN.match(word.text[0]))
    if han_before and han_after:
        # Letters spaced out to fill a line are joined; the parts of a title that stand apart are not.
        widest = 0.45 if max(len(before.text), len(word.text)) > 1 else 1.2
        return gap < widest * word.size and (word.space is not Space.WRITTEN or gap < 0.12 * word.size)
    if word.space is Space.GUESSED and (han_before or han_after):
        return gap < _MIXED_GAP * word.size
    if word.space is Space.NONE:
        if han_before or han_after:
            return gap < 0.8 * word.size
        return gap < (0.3 if before.index < word.index else 0.08) * size
    return gap < 0.05 * size and len(word.text) == 1 and word.text in _CLOSING_MARKS


def join_lines(first: str, second: str) -> str:
    """Join two lines of one text: Han without a space, a word broken by a hyphen without the hyphen."""
    if not first or not second:
        return first or second
    if HAN.match(first[-1]) and HAN.match(second[0]):
        return first + second
    if first[-1] in "-\u2010" and first[-2:-1].islower() and second[0].islower():
        return first[:-1] + second
    if first[-1] in "-\u2010\u2013/" and first[-2:-1].strip() and second[0].isalnum():
        return first + second
    return f"{first} {second}"
