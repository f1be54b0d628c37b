"""Leases that ran out while nobody could look are not taken away at once."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shared import clock
from shared.models import DocumentRun
from shared.states import Stage
from tests.integration.sync_world import World, make_runs, make_task, ref_of, settings_for
from worker.reconciler import EPOCH_KEY, reconcile

ROUNDS = "reconciler_rounds"
OWNER = "paused"


@pytest.fixture
def world(mongodb_url: str, redis_url: str, database_name: str, tmp_path: Path) -> Iterator[World]:
    opened = World.open(settings_for(mongodb_url, redis_url, database_name, tmp_path))
    opened.resources.redis.set(EPOCH_KEY, "known")
    yield opened
    opened.close()


@pytest.fixture
def run(world: World) -> DocumentRun:
    """The record of a document that is being converted, by somebody whose lease ran out 20 seconds ago."""
    [made] = runs = make_runs(world.knowledge_base().id, 1)
    world.resources.runs.insert_many(runs)
    world.resources.sync_tasks.insert(make_task(made.kb_id, runs))
    assert world.resources.leases.claim_stage(ref_of(made), Stage.CONVERT, owner=OWNER) is not None
    ran_out = ago(20)
    world.resources.database["document_runs"].update_one(
        {"_id": made.id}, {"$set": {f"leases.{Stage.CONVERT}.until": ran_out, "wake_at": ran_out}}
    )
    return made


def ago(seconds: float) -> datetime:
    return clock.now() - timedelta(seconds=seconds)


def look_back(world: World, **fields: datetime) -> None:
    """Let the rounds before have been at these times."""
    world.resources.database[ROUNDS].update_one({"_id": "last"}, {"$set": fields}, upsert=True)


def crashes(world: World, run: DocumentRun) -> int:
    reconcile(world.resources, world.app)
    return world.run(ref_of(run)).crashes


def test_a_lease_that_ran_out_in_a_gap_is_left_to_its_owner(world: World, run: DocumentRun) -> None:
    look_back(world, seen_at=ago(120))
    assert crashes(world, run) == 0
    assert crashes(world, run) == 0, "the next round comes too soon for the owner"
    assert world.resources.leases.renew(ref_of(run), Stage.CONVERT, owner=OWNER)
    assert crashes(world, run) == 0


def test_it_is_taken_away_when_its_owner_had_the_time_to_renew_it(world: World, run: DocumentRun) -> None:
    look_back(world, seen_at=ago(1), unseen_from=ago(120), unseen_until=ago(31))
    assert crashes(world, run) == 1


def test_a_lease_that_ran_out_before_the_gap_is_taken_away_at_once(world: World, run: DocumentRun) -> None:
    look_back(world, seen_at=ago(19), unseen_from=ago(19), unseen_until=ago(5))
    assert crashes(world, run) == 1


def test_rounds_that_come_as_they_should_leave_no_gap(world: World, run: DocumentRun) -> None:
    look_back(world, seen_at=ago(15))
    assert crashes(world, run) == 1


def test_the_first_round_of_all_takes_what_ran_out(world: World, run: DocumentRun) -> None:
    assert crashes(world, run) == 1
