"""A database of the version before access control goes on with its records, and with names for each owner."""

from collections.abc import Iterator

import pytest

from shared import clock
from shared.access.scope import Scope
from shared.errors import HumanTaskNotFound, KnowledgeBaseNameTaken, KnowledgeBaseNotFound
from shared.human_tasks import HumanTaskChanges
from shared.repositories import database
from shared.resources import Resources
from shared.services import human_tasks, knowledge_bases
from shared.settings import Settings

ALICE = Scope(user_id="alice", token_id="key-1", sees_everything=False)
BOB = Scope(user_id="bob", token_id="key-2", sees_everything=False)


@pytest.fixture
def resources(mongodb_url: str, redis_url: str, database_name: str) -> Iterator[Resources]:
    settings = Settings(mongodb_url=mongodb_url, mongodb_database=database_name, redis_url=redis_url)
    opened = Resources(settings, timeout_seconds=20)
    yield opened
    opened.close()


@pytest.fixture
def earlier(resources: Resources) -> Resources:
    """As version 0.1 left it: names and task ids unique over everybody, and no owners."""
    resources.database["knowledge_bases"].create_index([("name", 1)], unique=True)
    resources.database["human_tasks"].create_index([("task_id", 1)], unique=True)
    kb_id = knowledge_bases.create(resources, name="Handbook").knowledge_base.id
    resources.database["knowledge_bases"].update_one({"_id": kb_id}, {"$unset": {"user_id": ""}})
    human_tasks.save(resources, task(user_id="alice"))
    resources.create_indexes()
    resources.create_indexes()
    return resources


def task(**owner: str) -> HumanTaskChanges:
    return HumanTaskChanges(task_id="t", timestamp=clock.now(), conversations=(), metadata={}, **owner)


def test_names_were_unique_over_everybody_and_now_are_to_each_owner(earlier: Resources) -> None:
    for scope in (ALICE, BOB):
        knowledge_bases.create(earlier.seen_by(scope), name="Handbook")
        with pytest.raises(KnowledgeBaseNameTaken):
            knowledge_bases.create(earlier.seen_by(scope), name="Handbook")
    with pytest.raises(KnowledgeBaseNameTaken):
        knowledge_bases.create(earlier, name="Handbook")
    names = earlier.database["knowledge_bases"].index_information()
    assert "name_1" not in names
    assert "task_id_1" not in earlier.database["human_tasks"].index_information()


def test_what_belonged_to_nobody_is_given_to_one(earlier: Resources) -> None:
    [detail], total = knowledge_bases.page(earlier, number=1, size=10)
    assert total == 1
    kb_id = detail.knowledge_base.id
    with pytest.raises(KnowledgeBaseNotFound):
        knowledge_bases.get(earlier.seen_by(ALICE), kb_id)
    with pytest.raises(KnowledgeBaseNotFound):
        knowledge_bases.give(earlier.seen_by(ALICE), kb_id, user_id="alice")
    assert knowledge_bases.give(earlier, kb_id, user_id="alice").user_id == "alice"
    assert knowledge_bases.get(earlier.seen_by(ALICE), kb_id).knowledge_base.name == "Handbook"
    other = knowledge_bases.create(earlier.seen_by(BOB), name="Handbook").knowledge_base.id
    with pytest.raises(KnowledgeBaseNameTaken):
        knowledge_bases.give(earlier, other, user_id="alice")


def test_a_task_that_named_its_user_belongs_to_that_user(earlier: Resources) -> None:
    assert human_tasks.get(earlier.seen_by(ALICE), "t").user_id == "alice"
    with pytest.raises(HumanTaskNotFound):
        human_tasks.get(earlier.seen_by(BOB), "t")
    assert human_tasks.save(earlier.seen_by(ALICE), task()).updated
    assert not human_tasks.save(earlier.seen_by(BOB), task()).updated
    assert earlier.database["human_tasks"].count_documents({}) == 2


def test_a_task_whose_user_was_changed_while_access_was_off_comes_back_at_its_owners_next_write(
    earlier: Resources,
) -> None:
    assert not human_tasks.save(earlier.seen_by(BOB), task()).updated
    earlier.database["human_tasks"].update_one({"owner": "bob"}, {"$set": {"user_id": "somebody"}})
    assert human_tasks.save(earlier.seen_by(BOB), task()).updated
    assert human_tasks.get(earlier.seen_by(BOB), "t").user_id == "bob"


def test_an_index_that_was_never_there_is_no_error(resources: Resources) -> None:
    database.drop_index(resources.database["nothing"], "name_1")
    resources.create_indexes()
    resources.create_indexes()
