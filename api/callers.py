"""Who makes a request, as the access control notes it for routes and logs."""

from dataclasses import dataclass

from starlette.types import Scope as AsgiScope

from shared.access.keys import ApiKey, Role
from shared.access.scope import EVERYTHING, Scope
from shared.errors import Unauthorized

_CALLER = "kbsync.caller"


@dataclass(frozen=True)
class Caller:
    """A client: what it may see and do. Without a key it is anybody, where access is off."""

    scope: Scope
    role: Role

    @classmethod
    def of(cls, key: ApiKey) -> "Caller":
        scope = Scope(user_id=key.user_id, token_id=key.id, sees_everything=key.role is Role.ADMIN)
        return cls(scope=scope, role=key.role)


ANYBODY = Caller(scope=EVERYTHING, role=Role.ADMIN)


def note_caller(asgi_scope: AsgiScope, caller: Caller) -> None:
    asgi_scope[_CALLER] = caller


def caller_of(asgi_scope: AsgiScope) -> Caller:
    """Return who makes this request. Raises `Unauthorized` where nobody checked that."""
    caller = asgi_scope.get(_CALLER)
    if not isinstance(caller, Caller):
        raise Unauthorized
    return caller


def token_id_of(asgi_scope: AsgiScope) -> str | None:
    """Return the id of the key that a request came with, for logs."""
    caller = asgi_scope.get(_CALLER)
    return caller.scope.token_id if isinstance(caller, Caller) else None
