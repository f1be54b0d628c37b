"""Whose records a caller sees and makes."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """What belongs to one user, or everything. What is made belongs to `user_id`, or to nobody without one."""

    user_id: str | None = None
    token_id: str | None = None
    sees_everything: bool = True

    @property
    def filter(self) -> Mapping[str, str]:
        """Return what a query for records with a `user_id` must ask for as well."""
        if self.sees_everything:
            return {}
        assert self.user_id is not None
        return {"user_id": self.user_id}

    def may_act_for(self, user_id: str | None) -> bool:
        """Tell whether this caller may make what belongs to `user_id`; None stands for the caller itself."""
        return self.sees_everything or user_id in (None, self.user_id)


EVERYTHING = Scope()
"""Of the service's own processes, and of every client where access is off."""
