from hypothesis import given
from hypothesis import strategies as st

from shared.embedders.length_batches import length_batches

LENGTHS = st.lists(st.integers(0, 300), max_size=80)


@given(lengths=LENGTHS, budget=st.integers(1, 1000))
def test_every_position_is_in_one_batch_and_padding_stays_within_the_budget(lengths: list[int], budget: int) -> None:
    batches = length_batches(lengths, budget_tokens=budget)
    assert sorted(at for batch in batches for at in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[at] for at in batch) <= budget


def test_texts_of_like_length_share_a_batch() -> None:
    assert length_batches([2, 100, 3, 98], budget_tokens=200) == [[1, 3], [2, 0]]


def test_a_text_beyond_the_budget_goes_alone() -> None:
    assert length_batches([5, 500, 5], budget_tokens=100) == [[1], [0, 2]]
