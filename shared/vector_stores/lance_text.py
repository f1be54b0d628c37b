"""One ranking from two: the chunks that hold any of a query's words, and those that hold all of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.vector_stores.lance_schema import SEARCH_TEXT

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.query import FullTextQuery

ALL_WORDS_FACTOR = 3.0
"""What the score of a chunk that holds every word counts, so that it comes before those that hold one of them often."""


def any_word(words: Sequence[str]) -> "FullTextQuery":
    """Ask for the chunks that hold one of the words."""
    from lancedb.query import FullTextOperator, MatchQuery

    return MatchQuery(" ".join(words), SEARCH_TEXT, operator=FullTextOperator.OR)


def all_words(words: Sequence[str]) -> "FullTextQuery":
    """Ask for the chunks that hold every word."""
    from lancedb.query import FullTextOperator, MatchQuery

    return MatchQuery(" ".join(words), SEARCH_TEXT, operator=FullTextOperator.AND)


def any_or_all_words(words: Sequence[str]) -> "FullTextQuery":
    """Ask for both at once, by the scores that `join_by_words` makes."""
    from lancedb.query import BooleanQuery, FullTextOperator, MatchQuery, Occur

    boosted = MatchQuery(" ".join(words), SEARCH_TEXT, operator=FullTextOperator.AND, boost=ALL_WORDS_FACTOR - 1.0)
    return BooleanQuery([(Occur.SHOULD, any_word(words)), (Occur.SHOULD, boosted)])


def join_by_words(any_word: "pa.Table", all_words: "pa.Table", *, limit: int) -> "pa.Table":
    """Return the best rows of both by `_score`, in which those with all words count more.

    Both tables hold the best `limit` rows of their kind, each row with the same score in either. That is enough to
    find the best of all: what comes before a row without all words in its own table, comes before it here too.
    """
    import numpy as np
    import pyarrow as pa

    holding_all = set(all_words.column("chunk_id").to_pylist())
    is_other = [chunk_id not in holding_all for chunk_id in any_word.column("chunk_id").to_pylist()]
    others = any_word.take(np.flatnonzero(is_other))
    scores = np.concatenate(
        [ALL_WORDS_FACTOR * all_words.column("_score").to_numpy(), others.column("_score").to_numpy()]
    ).astype(np.float32)
    joined = pa.concat_tables([all_words, others])
    joined = joined.set_column(joined.schema.get_field_index("_score"), "_score", pa.array(scores))
    return joined.take(np.argsort(-scores, kind="stable")[:limit])
