"""Groups token sequences of like length, so that little of a batch is padding."""

from collections.abc import Sequence


def length_batches(lengths: Sequence[int], *, budget_tokens: int) -> list[list[int]]:
    """Return the positions of all sequences, in batches whose padded size stays within the budget.

    Longest first, so that the big batches start first and the small ones fill the gaps at the end. A sequence
    that is longer than the budget is a batch of its own.
    """
    batches: list[list[int]] = []
    width = 0
    for position in sorted(range(len(lengths)), key=lambda index: (-lengths[index], index)):
        if batches and (len(batches[-1]) + 1) * width <= budget_tokens:
            batches[-1].append(position)
            continue
        batches.append([position])
        width = max(lengths[position], 1)
    return batches
