"""How the text of a page is set: the distance of its lines and where they end."""

import bisect
import itertools
import statistics
from collections.abc import Sequence

from shared.converters.pdf.layout import Item, Line
from shared.converters.pdf.scripts import HAN, OPEN_END, RAISED

_SAME_END = 1.2  # font sizes
_NOTE_SIZE = 0.93  # times the size of the text
_DEFAULT_LEADING = 1.3  # font sizes from baseline to baseline


class Setting:
    """How the text of a page is set: the distance of its lines and where they end."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._lines = [item for item in items if isinstance(item, Line)]
        self.size = statistics.median(line.size for line in self._lines) if self._lines else 10.0
        self._edges: dict[tuple[int, int], float] = {}
        self._lefts = sorted(line.left for line in self._lines)
        self.leading = self._usual_leading()

    def _usual_leading(self) -> float:
        distances = []
        for above, below in itertools.pairwise(self._lines):
            distance = below.bottom - above.bottom
            if 0 < distance < 2.2 * max(above.size, 1.0) and abs(above.size - below.size) < 0.6:
                distances.append(distance)
        if len(distances) > 2:
            return statistics.median(distances)
        return _DEFAULT_LEADING * self.size

    def leaves_room(self, line: Line, below: Line) -> bool:
        """Tell whether the text of the line below would have begun on this line, had it gone on there.

        Only for Chinese, which breaks its lines anywhere, and for a finished sentence elsewhere.
        """
        han = bool(HAN.match(line.text[-1:]) or HAN.match(below.text[:1]))
        centred = abs(line.middle_x - below.middle_x) < 2 and abs(line.left - below.left) > 3
        if centred or (not han and not OPEN_END.search(line.text.strip())):
            return False
        wanted = min(below.words[0].width, 2 * below.size) + 0.5 * below.size if han else below.words[0].width
        room = self._edge(line) - line.right
        ragged = abs(line.right - below.right) > 1.5 * line.size
        return ragged and room > max(wanted, 2.5 * line.size if han else 0.0) + 0.3 * line.size

    def _edge(self, line: Line) -> float:
        """Where the column of a line ends: three lines that begin near it end there, or one has no fellows."""
        key = (round(line.left / 4), round(line.size * 2))
        if key not in self._edges:
            near = [other for other in self._lines if abs(other.left - line.left) < 3 * line.size]
            rights = sorted(other.right for other in near if other.size < 1.1 * line.size)
            ends = [right for n, right in enumerate(rights[2:]) if right - rights[n] < _SAME_END * line.size]
            self._edges[key] = ends[-1] if ends else 0.0
        return max(self._edges[key], line.right)

    def begins_indented(self, line: Line, below: Line) -> bool:
        """Tell whether both lines begin with the indent of a first line: two paragraphs of one line."""
        if len(self._lefts) < 4 or abs(line.left - below.left) > 1:
            return False
        start = bisect.bisect(self._lefts, line.left - 2.6 * line.size)
        outdented = bisect.bisect(self._lefts, line.left - 1.5 * line.size) - start
        return outdented > 1

    def begins_note(self, line: Line) -> bool:
        """Tell whether a line begins a footnote: smaller than the text, after a raised figure."""
        return line.size <= _NOTE_SIZE * self.size and len(line.words) > 1 and bool(RAISED.match(line.words[0].text))

    def fills_its_column(self, line: Line) -> bool:
        """Tell whether a line ends where the lines above and below it usually end."""
        rights = [other.right for other in self._lines if other.left < line.right and other.right > line.left]
        edge = statistics.median(rights) if rights else line.right
        return line.right >= edge - 0.1 * (edge - line.left)
