"""The jobs of a batch, as Procrastinate keeps them: which charges to look at, and nothing of what is in them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.connector import BaseConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from procrastinate.retry import BaseRetryStrategy, RetryDecision

if TYPE_CHECKING:
    from .tables import Server

__all__ = ["TASK", "HandedBackError", "Later", "NotDoneError", "OwnJobs", "defer", "new_app", "take_over"]

# Each batch has a queue of its own, so that a worker can leave some alone. PostgreSQL bounds the length of a name.
_QUEUE: Final = "po_batch/"
TASK: Final = "paymentoptions_async.batch_chunk"
_AT_ONCE: Final = 1000
# When a job comes again is told as so long after this: the clocks of the machines differ, and the server adds its own.
_NOW: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SERVERS_NOW: Final = "SELECT clock_timestamp() AS now"
_QUEUES: Final = (
    "SELECT DISTINCT queue_name AS name FROM procrastinate_jobs WHERE status = 'todo' AND task_name = %(task)s"
    " AND (scheduled_at IS NULL OR scheduled_at <= now()) AND queue_name <> ALL(%(barred)s)"
)


class NotDoneError(Exception):
    """Some of a chunk has no result yet: it comes again."""


class HandedBackError(NotDoneError):
    """Likewise, and at once: another worker can go on with it."""


class Later(BaseRetryStrategy):
    """Every chunk comes again until it is done: what ended it is not about its charges, which have results.

    Args:
        seconds: How long after.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:  # noqa: ARG002
        """See `BaseRetryStrategy.get_retry_decision`. The time is one for `OwnJobs.retry_job`."""
        seconds = 0.0 if isinstance(exception, HandedBackError) else self._seconds
        return RetryDecision(retry_at=_NOW + timedelta(seconds=seconds))


def defer(server: Server, batch: str, chunk: int, firsts: Iterable[int]) -> None:
    """Hand chunks out, within the transaction of a connection.

    Two jobs for one chunk never run at the same time, and the second one finds nothing left to do.

    Args:
        server: The connection.
        batch: The id of the batch.
        chunk: How many charges a chunk has.
        firsts: The number of the first charge of each.
    """
    manager = JobManager(SyncPsycopgConnector())
    numbers = iter(firsts)
    while some := list(islice(numbers, _AT_ONCE)):
        manager.batch_defer_jobs([_job(batch, first, first + chunk - 1) for first in some], connection=server)


def _job(batch: str, first: int, last: int) -> Job:
    return Job(
        queue=_QUEUE + batch,
        task_name=TASK,
        lock=f"{batch}/{first}",
        queueing_lock=None,
        task_kwargs={"batch": batch, "first": first, "last": last},
    )


def new_app(dsn: str, barred: Callable[[], Collection[str]] = tuple) -> App:
    """Procrastinate's side of a worker, with the fence below.

    Args:
        dsn: libpq's connection string or address.
        barred: The ids of batches of which it takes no chunk now.
    """
    app = App(connector=PsycopgConnector(conninfo=dsn, min_size=1, max_size=6, timeout=5.0, reconnect_timeout=5.0))
    app.job_manager = OwnJobs(app.connector, barred)
    return app


class OwnJobs(JobManager):
    """Jobs of which a worker says something only as long as they are its own.

    Procrastinate takes any worker's word. One that was frozen until its jobs were taken over would end what another
    one is doing.

    Args:
        connector: Of Procrastinate.
        barred: The ids of batches of which no chunk is taken now.
    """

    def __init__(self, connector: BaseConnector, barred: Callable[[], Collection[str]]) -> None:
        super().__init__(connector)
        self._barred = barred

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:  # noqa: ARG002
        """See `JobManager.fetch_job`. The queues are those of all batches that are not barred."""
        values = {"task": TASK, "barred": [_QUEUE + batch for batch in self._barred()]}
        found: Any = await self.connector.execute_query_all_async(_QUEUES, **values)
        return await super().fetch_job([row["name"] for row in found], worker_id) if found else None

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        """See `JobManager.finish_job`."""
        if await self._is_own(job):
            await super().finish_job(job, status, delete_job)

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """See `JobManager.retry_job`. The time is told as so long after `_NOW`."""
        if await self._is_own(job):
            found: Any = await self.connector.execute_query_one_async(_SERVERS_NOW)
            at = found["now"] + ((retry_at or _NOW) - _NOW)
            await super().retry_job(job, at, priority, queue, lock)

    async def _is_own(self, job: Job) -> bool:
        found: Any = await self.list_jobs_async(id=job.id, status=Status.DOING.value)
        return any(one.worker_id == job.worker_id for one in found)


async def take_over(manager: JobManager, lease: float) -> int:
    """Hand the jobs of dead workers out again.

    Args:
        manager: Of the jobs.
        lease: Seconds; a worker that has not been heard of for so long counts as dead.

    Returns:
        How many jobs they were.
    """
    count = 0
    for job in await manager.get_stalled_jobs(task_name=TASK, seconds_since_heartbeat=lease):
        try:
            await manager.retry_job(job)
        except ConnectorException:
            continue  # another worker was faster
        count += 1
    return count
