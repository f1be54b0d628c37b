"""One ranking from two: the chunks that hold any of a query's words, and those that hold all of them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

ALL_WORDS_FACTOR = 3.0
"""What the score of a chunk that holds every word counts, so that it comes before those that hold one of them often."""


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
