"""Commits faults and, after a while, sets right what they broke."""

import heapq
import itertools
import json
import signal
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import psutil
from redis import Redis
from redis.exceptions import RedisError

from shared.queue import QueueName
from tests.chaos.cluster import API, BEAT, MONGOD, REDIS, Cluster
from tests.chaos.fault_points import Action, FaultPoints, Order
from tests.chaos.faults import WEIGHTS, Fault
from tests.chaos.ledger import Ledger
from tests.chaos.wrapping import API_STEPS, EMBEDDER, OBJECT_STORE, WORKER_STEPS, after, before

EMBEDDER_ACTIONS = (Action.THROTTLED, Action.TIMED_OUT, Action.WRONG_COUNT, Action.NOT_FINITE)
STORE_ACTIONS = (Action.DISK_FULL, Action.UNAVAILABLE)
POINTS = tuple(
    where(owner, method) for owner, method in dict.fromkeys((*WORKER_STEPS, *API_STEPS)) for where in (before, after)
)
LONGEST_DEATH_SECONDS = 6.0
MESSAGES = 3


@dataclass(frozen=True)
class Target:
    """What the injector works on."""

    cluster: Cluster
    points: FaultPoints
    ledger: Ledger
    lease_seconds: float


class Injector:
    """Used from the main thread only; equal seeds choose equal faults at equal times."""

    def __init__(self, target: Target, rng: Random, *, allowed: Sequence[Fault]) -> None:
        self._cluster, self._points, self._ledger = target.cluster, target.points, target.ledger
        self._lease_seconds = target.lease_seconds
        self._rng = rng
        self._allowed = tuple(allowed)
        self._weights = [WEIGHTS.get(fault, 1) for fault in self._allowed]
        self._repairs: list[tuple[float, int, Callable[[], None]]] = []
        self._dead: set[str] = set()
        self._number = itertools.count()
        workers = self._cluster.workers
        self._acts: Mapping[Fault, Callable[[], str]] = {
            Fault.KILL_WORKER: lambda: self._kill(rng.choice(workers)),
            Fault.KILL_WORKER_PARENT: self._kill_worker_parent,
            Fault.KILL_WORKER_CHILD: self._kill_worker_child,
            Fault.KILL_ALL_WORKERS: lambda: self._kill(*workers),
            Fault.KILL_API: lambda: self._kill(API),
            Fault.KILL_BEAT: lambda: self._kill(BEAT),
            Fault.KILL_REDIS: lambda: self._kill(REDIS),
            Fault.WIPE_REDIS: lambda: self._kill(REDIS, empty=True),
            Fault.FLUSH_REDIS: self._flush,
            Fault.KILL_MONGOD: lambda: self._kill(MONGOD),
            Fault.PAUSE_WORKER_CHILD: self._pause_worker_child,
            Fault.PAUSE_WORKER: lambda: self._pause(rng.choice(workers), self._beyond_a_lease()),
            Fault.PAUSE_SERVER: lambda: self._pause(rng.choice((MONGOD, REDIS)), rng.uniform(1.0, 6.0)),
            Fault.DROP_MESSAGES: self._drop_messages,
            Fault.REPEAT_MESSAGES: self._repeat_messages,
            Fault.KILL_AT_POINT: self._kill_at_point,
            Fault.PAUSE_AT_POINT: self._pause_at_point,
            Fault.EMBEDDER_FAILS: lambda: self._fail_for_a_while(EMBEDDER, EMBEDDER_ACTIONS),
            Fault.OBJECT_STORE_FAILS: lambda: self._fail_for_a_while(OBJECT_STORE, STORE_ACTIONS),
            Fault.STOP_WORKER: self._stop_worker,
        }

    def commit(self, fault: Fault | None = None) -> None:
        """Commit a fault, a random one unless it is named."""
        chosen = fault or self._rng.choices(self._allowed, self._weights)[0]
        try:
            detail = self._acts[chosen]()
        except (RedisError, psutil.NoSuchProcess, IndexError) as error:
            self._ledger.note(f"no {chosen}, its target is dead: {error!r}")
            return
        self._ledger.fault(str(chosen), detail)

    def set_right_what_is_due(self) -> None:
        """Start and wake up what has been dead or asleep for as long as was planned, and what died at a point."""
        while self._repairs and self._repairs[0][0] <= time.monotonic():
            heapq.heappop(self._repairs)[2]()
        for name in self._cluster.services:
            if name not in self._dead and not self._cluster.is_alive(name):
                self._ledger.note(f"{name} has died and starts again")
                self._cluster.revive(name)

    def set_everything_right(self) -> None:
        """End every fault now."""
        self._points.withdraw()
        while self._repairs:
            heapq.heappop(self._repairs)[2]()
        self._cluster.revive_all()
        self._cluster.await_servers()
        self._ledger.note("every fault has ended")

    # Processes

    def _kill(self, *names: str, empty: bool = False) -> str:
        seconds = self._rng.choice((0.0, self._rng.uniform(0.5, LONGEST_DEATH_SECONDS)))
        for name in names:
            self._cluster.kill(name)
            self._revive_later(name, seconds, empty=empty)
        return f"{', '.join(names)} for {seconds:.1f} s"

    def _revive_later(self, name: str, seconds: float, *, empty: bool = False) -> None:
        self._dead.add(name)

        def revive() -> None:
            self._dead.discard(name)
            self._cluster.revive(name, empty=empty)

        self._later(seconds, revive)

    def _kill_worker_parent(self) -> str:
        worker, seconds = self._rng.choice(self._cluster.workers), self._rng.uniform(0.5, LONGEST_DEATH_SECONDS)
        self._cluster.kill_parent(worker)
        self._revive_later(worker, seconds)
        return f"{worker}, its pool {seconds:.1f} s later"

    def _stop_worker(self) -> str:
        worker = self._rng.choice(self._cluster.workers)
        self._cluster.terminate(worker)
        return worker

    def _kill_worker_child(self) -> str:
        worker, process = self._any_child()
        process.kill()
        return f"{process.pid} of {worker}"

    def _pause_worker_child(self) -> str:
        worker, process = self._any_child()
        seconds = self._beyond_a_lease()
        process.send_signal(signal.SIGSTOP)
        self._later(seconds, lambda: _resume(process))
        return f"{process.pid} of {worker} for {seconds:.1f} s"

    def _any_child(self) -> tuple[str, psutil.Process]:
        worker, place = self._rng.choice(self._cluster.workers), self._rng.random()
        pool = self._cluster.pool_of(worker)
        return worker, pool[int(place * len(pool))]

    def _pause(self, name: str, seconds: float) -> str:
        self._cluster.pause(name)
        self._later(seconds, lambda: self._cluster.resume(name))
        return f"{name} for {seconds:.1f} s"

    # Messages

    def _redis(self) -> "Redis":
        url = self._cluster.settings.redis_url
        return Redis.from_url(url, decode_responses=True, socket_timeout=2.0, socket_connect_timeout=2.0)

    def _flush(self) -> str:
        with self._redis() as client:
            client.flushall()
        return ""

    def _drop_messages(self) -> str:
        queues, dropped = self._rng.sample(list(QueueName), len(QueueName)), 0
        with self._redis() as client:
            for queue in queues:
                dropped += len(client.lpop(queue, MESSAGES - dropped) or []) if dropped < MESSAGES else 0
        return f"{dropped} of {', '.join(queues)}"

    def _repeat_messages(self) -> str:
        """Put copies of waiting messages into their queues, half of them as the broker itself would deliver twice."""
        same_tag, repeated = self._rng.random() < 0.5, 0
        with self._redis() as client:
            for queue in QueueName:
                for text in client.lrange(queue, 0, MESSAGES - 1):
                    message = json.loads(text)
                    if not same_tag:
                        message["properties"]["delivery_tag"] = str(uuid.uuid4())
                    client.rpush(queue, json.dumps(message), json.dumps(message))
                    repeated += 1
        return f"{repeated} messages twice, {'same' if same_tag else 'new'} delivery tags"

    # Points and plug-ins

    def _kill_at_point(self) -> str:
        action = self._rng.choice((Action.KILL, Action.KILL, Action.KILL_WORKER))
        return self._order(Order(point=self._rng.choice(POINTS), action=action, passes=self._rng.randint(0, 4)))

    def _pause_at_point(self) -> str:
        point, passes = self._rng.choice(POINTS), self._rng.randint(0, 4)
        return self._order(Order(point=point, action=Action.PAUSE, passes=passes, seconds=self._beyond_a_lease()))

    def _fail_for_a_while(self, point: str, actions: Sequence[Action]) -> str:
        action, seconds = self._rng.choice(actions), self._rng.uniform(1.0, 2 * self._lease_seconds)
        return self._order(Order(point=point, action=action, until=time.time() + seconds))

    def _order(self, order: Order) -> str:
        self._points.place(order)
        return order.model_dump_json(exclude_defaults=True)

    def _beyond_a_lease(self) -> float:
        """Up to beyond the time that a commit may take, too."""
        return self._lease_seconds * self._rng.choice((self._rng.uniform(1.3, 2.5), self._rng.uniform(2.5, 4.0)))

    def _later(self, seconds: float, repair: Callable[[], None]) -> None:
        heapq.heappush(self._repairs, (time.monotonic() + seconds, next(self._number), repair))


def _resume(process: psutil.Process) -> None:
    if process.is_running():
        process.send_signal(signal.SIGCONT)
