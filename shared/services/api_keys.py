"""API keys: making, listing, revoking and checking them."""

import re
from datetime import timedelta

from shared import clock
from shared.access.keys import ApiKey, PresentedKey, Role, hash_secret, new_key
from shared.errors import ApiKeyNotFound, InvalidRequest, Unauthorized
from shared.resources import Resources

USE_NOTED_EVERY = timedelta(minutes=1)
USER_ID = re.compile(r"[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]{0,126}[^\s\x00-\x1f\x7f])?")


def create(resources: Resources, *, user_id: str, role: Role) -> tuple[ApiKey, str]:
    """Make a key and return its record and its text, which is shown this once and kept nowhere.

    Raises `InvalidRequest` for a user id that is empty, too long or has control characters.
    """
    made = new_key()
    key = ApiKey(
        id=made.token_id,
        user_id=checked_user(user_id),
        role=role,
        secret_hash=hash_secret(made.secret),
        created_at=clock.now(),
    )
    resources.api_keys.insert(key)
    return key, made.text


def checked_user(user_id: str) -> str:
    """Return a user id that can be one. Raises `InvalidRequest`."""
    if not USER_ID.fullmatch(user_id):
        raise InvalidRequest("user", "must be 1 to 128 characters, without control characters and outer spaces")
    return user_id


def list_keys(resources: Resources) -> list[ApiKey]:
    return resources.api_keys.all()


def revoke(resources: Resources, token_id: str) -> ApiKey:
    """Raises `ApiKeyNotFound`."""
    key = resources.api_keys.revoke(token_id, at=clock.now())
    if key is None:
        raise ApiKeyNotFound(token_id)
    return key


def verify(resources: Resources, presented: PresentedKey) -> ApiKey:
    """Return the key that a client presents, and note its use. Raises `Unauthorized`, `ServiceUnavailable`."""
    key = resources.api_keys.find(presented.token_id)
    if key is None or not key.active or not key.opens_with(presented.secret):
        raise Unauthorized
    at = clock.now()
    if key.last_used_at is None or key.last_used_at <= at - USE_NOTED_EVERY:
        resources.api_keys.note_use(key.id, at=at, interval=USE_NOTED_EVERY)
    return key


def get_active(resources: Resources, token_id: str) -> ApiKey:
    """Return a key that was not revoked. Raises `Unauthorized`."""
    key = resources.api_keys.find(token_id)
    if key is None or not key.active:
        raise Unauthorized
    return key
