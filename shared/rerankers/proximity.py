"""A reranker without a model: texts in which all words of the query stand close together come first."""

from collections.abc import Iterable, Sequence

from shared.vector_stores.text_folding import fold
from shared.vector_stores.text_tokens import Token, located_tokens, query_tokens


class ProximityReranker:
    """Texts that hold the query to the letter score 3, those that hold all its words 1 to 2, others 0.

    So it tells apart what full text finds equal (`net profit` and `profit before tax, net of`), and leaves alone what
    was found by its meaning.
    """

    @property
    def name(self) -> str:
        return "proximity"

    def score(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        phrase = _plain(query)
        wanted = frozenset(query_tokens(query).all)
        return [_score(text, phrase, wanted) for text in texts]


def _score(text: str, phrase: str, wanted: frozenset[str]) -> float:
    if not wanted:
        return 0.0
    if phrase in _plain(text):
        return 3.0
    width = _narrowest(wanted, located_tokens(text))
    return 0.0 if width is None else 1 + min(1.0, sum(map(len, wanted)) / width)


def _plain(text: str) -> str:
    return " ".join(fold(text).split())


def _narrowest(wanted: frozenset[str], tokens: Iterable[Token]) -> int | None:
    """Return the characters of the narrowest part that holds every wanted token, None where one is missing."""
    places = sorted((token for token in tokens if token.text in wanted), key=lambda token: token.start)
    counts = dict.fromkeys(wanted, 0)
    missing, left, best = len(wanted), 0, None
    for token in places:
        missing -= counts[token.text] == 0
        counts[token.text] += 1
        while missing == 0:
            width = token.end - places[left].start
            best = width if best is None else min(best, width)
            counts[places[left].text] -= 1
            missing += counts[places[left].text] == 0
            left += 1
    return best
