"""Which line goes on with which paragraph."""

from shared.converters.pdf.layout import Line
from shared.converters.pdf.lists import ListMarker
from shared.converters.pdf.paragraph import Paragraph
from shared.converters.pdf.scripts import HAN
from shared.converters.pdf.setting import Setting

_WIDE_LEADING = 2.4  # font sizes from baseline to baseline in text set with space between its lines


def belongs(line: Line, marker: ListMarker | None, paragraph: Paragraph, setting: Setting) -> bool:
    """Tell whether a line goes on with a paragraph; `marker` is the one that the line begins with."""
    if marker is not None and not _is_mid_sentence(line, marker, paragraph, setting):
        return False
    if not _looks_alike(line, paragraph, setting):
        return False
    last = paragraph.lines[-1]
    if line.page != last.page or line.bottom <= last.bottom:
        return paragraph.is_open and setting.fills_its_column(last)
    beside = line.left > last.right or line.right < last.left
    return not beside and _is_next_line(line, paragraph, setting)


def _looks_alike(line: Line, paragraph: Paragraph, setting: Setting) -> bool:
    last = paragraph.lines[-1]
    if abs(line.size - last.size) > 0.06 * last.size + 0.26 or line.mono != last.mono:
        return False
    if line.bold == last.bold or _is_run_in(line, paragraph, setting):
        return True
    return not paragraph.lines[0].bold and (paragraph.is_open or not line.bold)


def _is_next_line(line: Line, paragraph: Paragraph, setting: Setting) -> bool:
    last = paragraph.lines[-1]
    step = line.bottom - last.bottom
    if step > max(1.3 * setting.leading, setting.leading + 0.4 * line.size) and step > 1.45 * line.size:
        widely_set = step < _WIDE_LEADING * line.size and paragraph.is_open and (not line.bold or _is_han(last))
        return widely_set and line.left <= last.left and setting.fills_its_column(last) and len(line.text) > 3
    if setting.leaves_room(last, line):
        return False
    if paragraph.marker is not None:
        return True
    one_liner = len(paragraph.lines) == 1 and _is_han(last) and not paragraph.is_open
    return not (one_liner and setting.begins_indented(last, line)) and not _begins_paragraph(line, paragraph)


def _is_run_in(line: Line, paragraph: Paragraph, setting: Setting) -> bool:
    """Tell whether bold text at the start of a paragraph is so long that it ends on its second line."""
    last = paragraph.lines[-1]
    return last.bold and line.words[0].bold and paragraph.is_open and setting.fills_its_column(last)


def _is_mid_sentence(line: Line, marker: ListMarker, paragraph: Paragraph, setting: Setting) -> bool:
    """Tell a number in the middle of a text, at the start of a line by chance, from one that begins an item."""
    last = paragraph.lines[-1]
    aligned = paragraph.marker is None and abs(line.left - last.left) < 0.3 * line.size
    return aligned and not marker.is_bullet and paragraph.is_open and setting.fills_its_column(last)


def _is_han(line: Line) -> bool:
    return bool(HAN.match(line.text[-1:]))


def _begins_paragraph(line: Line, paragraph: Paragraph) -> bool:
    """Tell a new paragraph without extra space before it: a short last line, or an indented first one."""
    last = paragraph.lines[-1]
    if len(paragraph.lines) < 2 or paragraph.is_open:
        return False
    same_column = [other for other in paragraph.lines if other.page == last.page and other.right > last.left]
    left, right = min(other.left for other in same_column), max(other.right for other in same_column)
    if last.right < right - 0.2 * (right - left):
        return True
    return line.left > last.left + 1.2 * line.size and abs(last.left - left) < 3
