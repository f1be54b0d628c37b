import pytest

from shared import clock
from shared.access.keys import KEY_PATTERN, ApiKey, PresentedKey, Role, hash_secret, new_key


def test_a_key_tells_its_kind_and_its_id() -> None:
    key = new_key()
    assert KEY_PATTERN.fullmatch(key.text)
    assert PresentedKey.parse(key.text) == key
    assert key.token_id.startswith("key-")
    assert new_key().secret != key.secret


@pytest.mark.parametrize(
    "text", ["", "kbs_", "kbs_0123456789abcdef_short", f"{new_key().text}\n", f" {new_key().text}"]
)
def test_other_text_is_no_key(text: str) -> None:
    assert PresentedKey.parse(text) is None


def test_only_its_own_secret_opens_a_record() -> None:
    key = new_key()
    record = ApiKey(
        id=key.token_id, user_id="u", role=Role.READER, secret_hash=hash_secret(key.secret), created_at=clock.now()
    )
    assert record.opens_with(key.secret)
    assert not record.opens_with(new_key().secret)
    assert not record.opens_with("")
    assert key.secret not in record.model_dump_json()
