"""Which rerankers there are. A new one is one file beside this one and one line here."""

from collections.abc import Callable, Mapping

from shared.rerankers.base import Reranker
from shared.settings import Settings


def open_reranker(settings: Settings) -> Reranker | None:
    """Return the configured reranker, or None where there is none."""
    return _RERANKERS[settings.reranker]()


def _open_proximity() -> Reranker:
    from shared.rerankers.proximity import ProximityReranker

    return ProximityReranker()


_RERANKERS: Mapping[str, Callable[[], Reranker | None]] = {"off": lambda: None, "proximity": _open_proximity}
