"""A client belongs to one event loop of one process, and says so in any other."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from textwrap import dedent

import pytest

from paymentoptions_async import ConfigurationError, Payment, PaymentOptions
from paymentoptions_async.sandbox import Sandbox

from ..helpers import request
from ..test_charging import eventually


@pytest.mark.asyncio
async def test_one_that_was_opened_in_a_loop_is_no_good_in_another_though_it_was_never_used(gateway: Sandbox) -> None:
    async with PaymentOptions(gateway.settings()) as client:
        for call in (client.payments.purchase(request("ref")), client.payments.status("id")):
            with pytest.raises(ConfigurationError, match="another event loop"):
                await asyncio.to_thread(asyncio.run, call)
        assert isinstance(await client.payments.purchase(request("ref")), Payment)


@pytest.mark.asyncio
async def test_one_that_is_closed_cannot_be_opened_again(gateway: Sandbox) -> None:
    async with PaymentOptions(gateway.settings()) as client:
        pass
    with pytest.raises(ConfigurationError, match="closed"):
        async with client:
            pass


@pytest.mark.parametrize("grace", [None, 0])
@pytest.mark.asyncio
async def test_one_with_a_charge_under_way_is_not_closed_from_another_loop(grace: float | None) -> None:
    async with Sandbox(latency=0.2) as gateway, PaymentOptions(gateway.settings()) as client:
        call = asyncio.create_task(client.payments.purchase(request("ref")))
        await eventually(lambda: gateway.attempts("ref") == 1)
        with pytest.raises(ConfigurationError, match="another event loop"):
            async with asyncio.timeout(5):
                await asyncio.to_thread(asyncio.run, client.close(grace=grace))
        assert isinstance(await call, Payment)
        assert isinstance(await client.payments.purchase(request("next")), Payment)


@pytest.mark.asyncio
async def test_a_charge_under_way_is_not_shared_with_another_loop() -> None:
    async with Sandbox(latency=0.2) as gateway, PaymentOptions(gateway.settings()) as client:
        call = asyncio.create_task(client.payments.purchase(request("ref")))
        await eventually(lambda: gateway.attempts("ref") == 1)
        with pytest.raises(ConfigurationError, match="another event loop"):
            async with asyncio.timeout(5):
                await asyncio.to_thread(asyncio.run, client.payments.purchase(request("ref")))
        assert isinstance(await call, Payment)


FORKED = """
    import asyncio, os
    from paymentoptions_async import ConfigurationError, Payment, PaymentOptions
    from paymentoptions_async.sandbox import Sandbox
    from tests.helpers import request

    async def use(client, reference):
        async with asyncio.timeout(5):
            return await client.payments.purchase(request(reference))

    gateway = Sandbox()
    with asyncio.Runner() as runner:
        runner.run(gateway.start())
        client = PaymentOptions(gateway.settings())
        runner.run(use(client, "parent"))
        if os.fork() == 0:
            # The very loop that it was used in.
            try:
                runner.run(use(client, "child"))
            except ConfigurationError as error:
                os.write(1, str(error).encode())
            os._exit(0)
        os.wait()
        assert isinstance(runner.run(use(client, "again")), Payment)
        assert gateway.charges("child") == 0
        runner.run(client.close())
        runner.run(gateway.close())
"""


CLOSED_IN_A_FORK = """
    import asyncio, os
    from paymentoptions_async import ConfigurationError, Payment, PaymentOptions
    from paymentoptions_async.sandbox import Sandbox
    from tests.helpers import request

    async def main():
        async with Sandbox(latency=0.3) as gateway, PaymentOptions(gateway.settings()) as client:
            call = asyncio.create_task(client.payments.purchase(request("ref")))
            while not gateway.attempts("ref"):
                await asyncio.sleep(0.01)
            if os.fork() == 0:
                asyncio._set_running_loop(None)
                try:
                    asyncio.run(client.close(grace=0))
                except ConfigurationError as error:
                    os.write(1, str(error).encode())
                os._exit(0)
            os.wait()
            assert isinstance(await call, Payment)

    asyncio.run(main())
"""


@pytest.mark.parametrize("program", [FORKED, CLOSED_IN_A_FORK], ids=["used", "closed"])
def test_one_that_was_used_before_a_fork_says_so_after_it_and_touches_nothing(program: str) -> None:
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", dedent(program)], capture_output=True, text=True, check=True, timeout=20
    )
    assert told.stdout == "the client was in use before this process was forked: open one in each process"
