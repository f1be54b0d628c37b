"""What a text recognizer is: a picture in, lines of text with their places out."""

import math
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from PIL.Image import Image

Point = tuple[float, float]


class RecognizedLine(BaseModel):
    """A piece of text on one line."""

    model_config = ConfigDict(frozen=True)

    text: str
    confidence: float
    """0 to 1."""
    corners: tuple[Point, Point, Point, Point]
    """From the top left one clockwise as the text is read, measured from the top left corner of the picture."""

    @property
    def left(self) -> float:
        return min(x for x, _ in self.corners)

    @property
    def right(self) -> float:
        return max(x for x, _ in self.corners)

    @property
    def top(self) -> float:
        return min(y for _, y in self.corners)

    @property
    def bottom(self) -> float:
        return max(y for _, y in self.corners)

    @property
    def middle(self) -> Point:
        return (sum(x for x, _ in self.corners) / 4, sum(y for _, y in self.corners) / 4)

    @property
    def length(self) -> float:
        """How far it runs, along its own direction."""
        return (math.dist(self.corners[0], self.corners[1]) + math.dist(self.corners[3], self.corners[2])) / 2

    @property
    def height(self) -> float:
        """Across its own direction: a line that leans a little is not higher for it."""
        return (math.dist(self.corners[0], self.corners[3]) + math.dist(self.corners[1], self.corners[2])) / 2

    @property
    def slope(self) -> float:
        """Radians by which it falls towards the right."""
        (x0, y0), (x1, y1) = self.corners[0], self.corners[1]
        return math.atan2(y1 - y0, x1 - x0)

    def moved(self, *, scale: float = 1.0, by: Point = (0.0, 0.0)) -> "RecognizedLine":
        """Return it with every corner first scaled and then shifted."""
        first, second, third, fourth = ((x * scale + by[0], y * scale + by[1]) for x, y in self.corners)
        return self.model_copy(update={"corners": (first, second, third, fourth)})


class TextRecognizer(Protocol):
    """Reads the text of pictures; one picture at a time."""

    @property
    def version(self) -> str:
        """Changes whenever the same picture would be read differently: it is part of the names of artifacts."""
        ...

    def load(self) -> None:
        """Load the models now, and not with the first picture."""
        ...

    def recognize(self, picture: "Image") -> list[RecognizedLine]:
        """Return the lines of a picture in RGB whose text stands upright, from the top; none where there is no text.

        A line that looks like one but cannot be read is among them, with little confidence. Text that lies on its side
        is read badly or not at all: whoever asks turns the picture first.
        """
        ...
