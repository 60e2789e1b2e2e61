"""The jobs of a batch, as Procrastinate keeps them: which charges to look at, and nothing of what is in them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

if TYPE_CHECKING:
    from .tables import Server

__all__ = ["QUEUE", "TASK", "OwnJobs", "defer", "new_app", "take_over"]

QUEUE: Final = "paymentoptions_batch"
TASK: Final = "paymentoptions_async.batch_chunk"
_AT_ONCE: Final = 1000


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
        queue=QUEUE,
        task_name=TASK,
        lock=f"{batch}/{first}",
        queueing_lock=None,
        task_kwargs={"batch": batch, "first": first, "last": last},
    )


def new_app(dsn: str) -> App:
    """Procrastinate's side of a worker, with the fence below.

    Args:
        dsn: libpq's connection string or address.
    """
    app = App(connector=PsycopgConnector(conninfo=dsn, min_size=1, max_size=6, timeout=5.0, reconnect_timeout=5.0))
    app.job_manager = OwnJobs(app.connector)
    return app


class OwnJobs(JobManager):
    """Jobs of which a worker says something only as long as they are its own.

    Procrastinate takes any worker's word. One that was frozen until its jobs were taken over would end what another
    one is doing.
    """

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
        """See `JobManager.retry_job`."""
        if await self._is_own(job):
            await super().retry_job(job, retry_at, priority, queue, lock)

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
    for job in await manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=lease):
        try:
            await manager.retry_job(job)
        except ConnectorException:
            continue  # another worker was faster
        count += 1
    return count
