"""How a worker process takes its leave."""

import time

import billiard.pool
from billiard import SimpleQueue, Value

from worker import drain


def test_a_process_does_not_wait_long_for_a_result_that_nobody_reads() -> None:
    drain.limit_farewell()
    process = billiard.pool.Worker(SimpleQueue(), SimpleQueue(), on_ready_counter=Value("i"))
    began = time.monotonic()
    assert not process._ensure_messages_consumed(completed=1)
    assert time.monotonic() - began < drain.HAND_BACK_AFTER_SECONDS
