from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from procrastinate import App, utils
from procrastinate.jobs import Job, Status

from paymentoptions_async.cluster import submit
from paymentoptions_async.cluster.jobs import HandedBackError, Later, NotDoneError, new_app, take_over

from .charges import rows, sealer, source


@pytest_asyncio.fixture
async def app(postgres_dsn: str) -> AsyncIterator[App]:
    await asyncio.to_thread(lambda: submit(postgres_dsn, source(1), sealer(), name="payday"))
    app = new_app(postgres_dsn)
    async with app.open_async():
        yield app


async def fetched(app: App) -> Job:
    worker = await app.job_manager.register_worker()
    job = await app.job_manager.fetch_job(None, worker)
    assert job is not None
    return job


async def age(dsn: str, job: Job) -> None:
    """Its worker has not been heard of for a while."""
    statement = "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '9 s' WHERE id = %s RETURNING 1"
    await asyncio.to_thread(rows, dsn, statement, job.worker_id)


async def state(dsn: str) -> Any:
    return (await asyncio.to_thread(rows, dsn, "SELECT status, worker_id FROM procrastinate_jobs"))[0]


@pytest.mark.asyncio
async def test_the_job_of_a_worker_that_is_heard_of_is_left_alone(app: App, postgres_dsn: str) -> None:
    job = await fetched(app)
    assert await take_over(app.job_manager, 5) == 0
    assert await state(postgres_dsn) == ("doing", job.worker_id)


@pytest.mark.asyncio
async def test_the_job_of_a_dead_worker_is_handed_out_once(app: App, postgres_dsn: str) -> None:
    await age(postgres_dsn, await fetched(app))
    counts = await asyncio.gather(*(take_over(app.job_manager, 5) for _ in range(4)))
    assert sum(counts) >= 1
    assert (await state(postgres_dsn))[0] == "todo"


@pytest.mark.asyncio
@pytest.mark.parametrize("word", ["finish", "retry"])
async def test_a_worker_whose_job_was_taken_over_has_no_say_in_it(app: App, postgres_dsn: str, word: str) -> None:
    old = await fetched(app)
    await age(postgres_dsn, old)
    await take_over(app.job_manager, 5)
    new = await fetched(app)
    assert new.id == old.id
    if word == "finish":
        await app.job_manager.finish_job(old, Status.SUCCEEDED, delete_job=True)
    else:
        await app.job_manager.retry_job(old)
    assert await state(postgres_dsn) == ("doing", new.worker_id)
    await app.job_manager.finish_job(new, Status.SUCCEEDED, delete_job=False)
    assert (await state(postgres_dsn))[0] == "succeeded"


_COMES_IN = "SELECT extract(epoch FROM scheduled_at - clock_timestamp())::float8 FROM procrastinate_jobs"


@pytest.fixture
def clock_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of this machine is years ahead."""
    monkeypatch.setattr(utils, "utcnow", lambda: datetime(2099, 1, 1, tzinfo=UTC))


@pytest.mark.asyncio
@pytest.mark.usefixtures("clock_ahead")
@pytest.mark.parametrize(("why", "seconds"), [(HandedBackError(), 0), (NotDoneError(), 7)])
async def test_a_chunk_comes_again_by_the_servers_clock(
    app: App, postgres_dsn: str, why: Exception, seconds: float
) -> None:
    job = await fetched(app)
    decision = Later(7).get_retry_decision(exception=why, job=job)
    await app.job_manager.retry_job(job, decision.retry_at)
    ((comes_in,),) = await asyncio.to_thread(rows, postgres_dsn, _COMES_IN)
    assert seconds - 5 < comes_in <= seconds


@pytest.mark.asyncio
@pytest.mark.usefixtures("clock_ahead")
async def test_a_chunk_that_is_taken_over_comes_at_once_by_the_servers_clock(app: App, postgres_dsn: str) -> None:
    await age(postgres_dsn, await fetched(app))
    assert await take_over(app.job_manager, 5) == 1
    await fetched(app)


@pytest.mark.asyncio
async def test_no_chunk_is_taken_of_a_batch_that_is_barred(postgres_dsn: str) -> None:
    def stored() -> None:
        for name in ("barred", "free"):
            submit(postgres_dsn, source(1), sealer(), name=name, new_id=lambda: name)  # noqa: B023  # called at once

    await asyncio.to_thread(stored)
    app = new_app(postgres_dsn, lambda: ["barred"])
    async with app.open_async():
        assert (await fetched(app)).task_kwargs["batch"] == "free"
        worker = await app.job_manager.register_worker()
        assert await app.job_manager.fetch_job(None, worker) is None
