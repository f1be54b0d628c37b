"""Views of the resources for one caller."""

from functools import cached_property
from pathlib import Path

from shared.access.scope import EVERYTHING, Scope
from shared.resources import Resources, opened_once
from shared.settings import Settings

ALICE = Scope(user_id="alice", sees_everything=False)


def test_a_view_opens_nothing_anew(tmp_path: Path) -> None:
    whole = Resources(Settings(data_dir=tmp_path, redis_url="redis://127.0.0.1:1"), timeout_seconds=0.1)
    view = whole.seen_by(ALICE)
    assert view.object_store is whole.object_store is whole.seen_by(ALICE).object_store
    assert view.database is whole.database
    assert (view.scope, whole.scope) == (ALICE, EVERYTHING)
    assert view.knowledge_bases is not whole.knowledge_bases
    assert view.seen_by(EVERYTHING).whole is whole
    whole.close()


def test_whatever_is_opened_late_is_opened_once_for_all_views() -> None:
    """A plain `cached_property` would be opened for each request, and never closed."""
    assert any(isinstance(each, opened_once) for each in vars(Resources).values())
    assert not [name for name, each in vars(Resources).items() if isinstance(each, cached_property)]
