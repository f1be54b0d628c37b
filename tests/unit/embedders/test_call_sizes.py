from shared.embedders.call_sizes import CALL_TOKENS, rough_tokens, safe_tokens, split_calls


def test_each_text_is_in_one_call_in_order_and_no_call_has_too_many() -> None:
    calls = split_calls(["a"] * 10, max_texts=4)
    assert calls == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert split_calls([], max_texts=4) == []


def test_a_call_of_long_texts_has_fewer() -> None:
    long = "word " * CALL_TOKENS
    calls = split_calls(["a", long, "b", long], max_texts=64)
    assert [at for call in calls for at in call] == [0, 1, 2, 3]
    assert max(map(len, calls)) == 1


def test_a_rough_count_is_more_than_most_tokenizers_find() -> None:
    assert rough_tokens("") == 0
    assert rough_tokens("The girl is carrying a baby.") >= 7
    assert rough_tokens("知识库同步任务") >= 7
    assert rough_tokens("\ud800") >= 1, "half a surrogate pair is counted, not a crash"


def test_a_limit_of_characters_counts_as_tokens() -> None:
    spaces = "word" + " " * 4000
    assert safe_tokens([spaces], characters_per_token=4.0) == [1001]
