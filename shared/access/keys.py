"""API keys: how they look, and what is kept of them.

A key is `kbs_<id>_<secret>`. The id names it in lists, logs and revocations; the secret is 256 random bits, so that
nobody guesses one, and a plain SHA-256 of it is as good to keep as a slow password hash: there is no dictionary to try,
and a slow hash would be paid at every request.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.models import Stored

PREFIX = "kbs"
KEY_PATTERN = re.compile(rf"{PREFIX}_([0-9a-f]{{16}})_([A-Za-z0-9_-]{{43}})")
"""Also what secret scanners and our own logs look for."""


class Role(StrEnum):
    ADMIN = "admin"
    """Sees and changes what belongs to anybody."""
    WRITER = "writer"
    """Sees and changes what belongs to its user."""
    READER = "reader"
    """Sees what belongs to its user."""


class ApiKey(Stored):
    """What MongoDB keeps of a key; `id` is its token id."""

    user_id: str
    role: Role
    secret_hash: str
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def active(self) -> bool:
        return self.revoked_at is None

    def opens_with(self, secret: str) -> bool:
        """Tell whether `secret` is this key's, in a time that does not depend on how much of it is right."""
        return hmac.compare_digest(self.secret_hash, hash_secret(secret))


@dataclass(frozen=True)
class PresentedKey:
    """A key as a client sends it."""

    token_id: str
    secret: str

    @classmethod
    def parse(cls, text: str) -> "PresentedKey | None":
        found = KEY_PATTERN.fullmatch(text)
        return cls(token_id=f"key-{found[1]}", secret=found[2]) if found else None

    @property
    def text(self) -> str:
        return f"{PREFIX}_{self.token_id.removeprefix('key-')}_{self.secret}"


def new_key() -> PresentedKey:
    """Make a key that nobody has."""
    return PresentedKey(token_id=f"key-{secrets.token_hex(8)}", secret=secrets.token_urlsafe(32))


def hash_secret(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
