"""What a charge is known by."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from paymentoptions_async import (
    DEVELOPMENT,
    LIVE,
    DeclinedError,
    MemoryLedger,
    OutcomeUnknownError,
    Payment,
    PaymentOptions,
    PurchaseRequest,
    ReferenceConflictError,
    Secret,
    Settings,
    SqliteLedger,
)
from paymentoptions_async.fingerprint import Fingerprints
from paymentoptions_async.models.wire import request_body
from paymentoptions_async.sandbox import Sandbox

from .helpers import APPROVED, DECLINED, SEED, card, request, token_request
from .test_charging import everything_shown

SECRET: Final = "a ledger's own secret"
FORMER: Final = "the one that was before it"

# A release that changes one of these turns every repeated call of an earlier one into a conflict with itself.
GOLDEN: Final = {
    "payment": "b3779c1ac503de3e6639be3f57061574766e31c29d3a7fb1d2a78b15f620dd9f",
    "paymentv2": "84240f460336be10b808668a97704f88654c305b824071569572acbb03b62892",
}
GOLDEN_TOKEN: Final = "420020c151673edcf62c8efa52a01dfc3dc12f618de78339266fdab6b88bff41"
GOLDEN_DEVELOPMENT: Final = "20746a6b0a298edcd99168f7db9aa0d2d1882ae121d64aed4d6e71805fd7dffb"


def settings(**changes: Any) -> Settings:
    keys: dict[str, Any] = {"api_key": "first-key", "x_api_key": "second-key", "merchant_id": "DASMID"}
    return Settings(**{**keys, "ledger_secret": SECRET, **changes})


def fingerprint(order: PurchaseRequest, operation: str = "payment", **changes: Any) -> str:
    told = settings(**changes)
    return Fingerprints(told).of(operation, request_body(order, told.merchant_id))[0].hex()


SAMPLE: Final = PurchaseRequest.from_json(SEED)


# --- always the same --------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", GOLDEN)
def test_the_vendors_own_request_has_the_fingerprint_that_it_always_had(operation: str) -> None:
    assert fingerprint(SAMPLE, operation) == GOLDEN[operation]


def test_so_has_a_request_by_token_and_one_for_another_host() -> None:
    assert fingerprint(token_request()) == GOLDEN_TOKEN
    assert fingerprint(SAMPLE, base_url=DEVELOPMENT) == GOLDEN_DEVELOPMENT


def test_it_is_what_the_documentation_says() -> None:
    """HMAC-SHA-256 over the gateway's address, the operation and the request without its CVC."""
    body = json.loads(request_body(SAMPLE, "DASMID").content)
    assert body == json.loads(SEED)
    del body["card"]["cvc"]
    content = "\n".join([LIVE, "payment", json.dumps(body, separators=(",", ":"), ensure_ascii=False)])
    expected = hmac.new(SECRET.encode(), content.encode(), hashlib.sha256).hexdigest()
    assert fingerprint(SAMPLE) == expected == GOLDEN["payment"]


def test_it_is_the_same_in_every_process() -> None:
    code = (
        "from tests.test_fingerprint import SAMPLE, fingerprint\n"
        "print(fingerprint(SAMPLE), end='')"
    )  # fmt: skip
    root = Path(__file__).parent.parent
    for seed in ("0", "1"):
        told = subprocess.run(
            [sys.executable, "-c", code], cwd=root, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        )
        assert told.stdout.decode() == GOLDEN["payment"]


def test_without_a_secret_it_is_of_this_process_and_the_same_for_all_its_clients() -> None:
    assert fingerprint(SAMPLE, ledger_secret=None) == fingerprint(SAMPLE, ledger_secret=None) != GOLDEN["payment"]


# --- what it is made of -----------------------------------------------------------------------------------


@pytest.mark.parametrize("cvc", ["739", "000", "7391", "999"])
def test_the_cvc_is_no_part_of_it(cvc: str) -> None:
    assert SAMPLE.card is not None
    assert fingerprint(attrs.evolve(SAMPLE, card=attrs.evolve(SAMPLE.card, cvc=Secret(cvc)))) == GOLDEN["payment"]


def test_a_name_that_looks_like_a_cvc_is_a_part_of_it() -> None:
    """The member is left out, and no text that spells like it."""
    names = ['"cvc":"739",', "cvc", "739", 'J","cvc":"739","x":"']
    prints = {fingerprint(request(card=card(name=name))) for name in names}
    assert len(prints) == len(names)


def _card(**changes: Any) -> dict[str, Any]:
    return {"card": card(**changes)}


DIFFERENT: Final[dict[str, tuple[dict[str, Any], dict[str, Any]]]] = {
    "amount": ({"amount": "1001"}, {}),
    "currency": ({"currency": "USD"}, {}),
    "reference": ({"merchant_txn_ref": "another"}, {}),
    "merchant": ({"merchant_id": "another"}, {}),
    "number": (_card(number=DECLINED), {}),
    "expiry": (_card(expiry_year="30"), {}),
    "name": (_card(name="Jane Doe"), {}),
    "payer's address": ({"customer_ip": "127.0.0.2"}, {}),
    "time zone": ({"time_zone": "Asia/Tokyo"}, {}),
    "host": ({}, {"base_url": DEVELOPMENT}),
    "prefix of the path": ({}, {"base_url": f"{LIVE}/api/v1"}),
    "secret": ({}, {"ledger_secret": FORMER}),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_everything_else_is_a_part_of_it(what: str) -> None:
    changes, changed = DIFFERENT[what]
    base = request(**_card())
    assert fingerprint(attrs.evolve(base, **changes), **changed) != fingerprint(base)


def test_so_is_the_operation() -> None:
    assert fingerprint(SAMPLE, "payment") != fingerprint(SAMPLE, "paymentv2")


@pytest.mark.parametrize(
    "changes",
    [
        {"api_key": "another-key"},
        {"x_api_key": "another-key"},
        {"api_key_form": "colon"},
        {"log_level": "debug"},
        {"max_connections": 5},
        {"former_ledger_secrets": [FORMER]},
        {"base_url": f"{LIVE}/"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_settings_that_are_not_the_charge_are_no_part_of_it(changes: dict[str, Any]) -> None:
    assert fingerprint(SAMPLE, **changes) == GOLDEN["payment"]


def test_an_amount_is_the_same_however_exact_it_is_written() -> None:
    assert fingerprint(request(amount=Decimal(1000))) == fingerprint(request(amount="1000"))


def test_former_secrets_give_further_ones_in_their_order() -> None:
    told = settings(former_ledger_secrets=[FORMER, "the very first of them"])
    body = request_body(SAMPLE, told.merchant_id)
    assert [one.hex() for one in Fingerprints(told).of("payment", body)] == [
        fingerprint(SAMPLE),
        fingerprint(SAMPLE, ledger_secret=FORMER),
        fingerprint(SAMPLE, ledger_secret="the very first of them"),
    ]


# --- another secret, on a ledger that stays ---------------------------------------------------------------


@asynccontextmanager
async def client_of(gateway: Sandbox, path: Path, **changes: Any) -> AsyncIterator[PaymentOptions]:
    """A client as of a new process."""
    async with SqliteLedger(path) as ledger, PaymentOptions(gateway.settings(**changes), ledger=ledger) as client:
        yield client


@pytest.mark.asyncio
async def test_after_a_change_of_the_secret_what_was_charged_is_known_by_the_former_one(
    gateway: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "charges.db"
    async with client_of(gateway, path, ledger_secret=FORMER) as client:
        before = await client.payments.purchase(request("old"))
        with pytest.raises(DeclinedError):
            await client.payments.purchase(request("declined", number=DECLINED))
    async with client_of(gateway, path, ledger_secret=SECRET, former_ledger_secrets=[FORMER]) as client:
        after = await client.payments.purchase(request("old"))
        assert isinstance(before, Payment)
        assert isinstance(after, Payment)
        assert (after.replayed, after.transaction_id) == (True, before.transaction_id)
        with pytest.raises(DeclinedError) as caught:
            await client.payments.purchase(request("declined", number=DECLINED))
        assert caught.value.replayed
        with pytest.raises(ReferenceConflictError):
            await client.payments.purchase(request("old", amount="1001"))
        assert not (await client.payments.purchase(request("new"))).replayed
    # What came since is known by the new one alone.
    async with client_of(gateway, path, ledger_secret=SECRET) as client:
        assert (await client.payments.purchase(request("new"))).replayed
    assert (gateway.charges("old"), gateway.charges("new"), gateway.attempts("declined")) == (1, 1, 1)


@pytest.mark.asyncio
async def test_without_the_former_secret_it_is_a_conflict_that_says_what_is_missing(
    gateway: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "charges.db"
    async with client_of(gateway, path, ledger_secret=FORMER) as client:
        await client.payments.purchase(request("old"))
    for former in ((), ("none of those that were used",)):
        async with client_of(gateway, path, ledger_secret=SECRET, former_ledger_secrets=former) as client:
            with pytest.raises(ReferenceConflictError, match="former_ledger_secrets") as caught:
                await client.payments.purchase(request("old"))
        shown = everything_shown(caught.value)
        for secret in (SECRET, FORMER, APPROVED, "none of those"):
            assert secret not in shown
    assert gateway.attempts("old") == 1


@pytest.mark.asyncio
async def test_a_former_secret_of_many_is_found(gateway: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "charges.db"
    secrets = [f"secret number {number} of the ledger" for number in range(4)]
    for number, secret in enumerate(secrets):
        async with client_of(gateway, path, ledger_secret=secret) as client:
            await client.payments.purchase(request(f"ref-{number}"))
    async with client_of(gateway, path, ledger_secret=secrets[-1], former_ledger_secrets=secrets[:-1]) as client:
        for number in range(4):
            assert (await client.payments.purchase(request(f"ref-{number}"))).replayed
    assert gateway.total_charges() == 4


@pytest.mark.asyncio
async def test_what_is_unknown_stays_so_after_a_change_of_the_secret(tmp_path: Path) -> None:
    path = tmp_path / "charges.db"
    async with Sandbox(faults=["reset:after_commit"]) as gateway:
        async with client_of(gateway, path, ledger_secret=FORMER) as client:
            with pytest.raises(OutcomeUnknownError):
                await client.payments.purchase(request("ref"))
        async with client_of(gateway, path, ledger_secret=SECRET, former_ledger_secrets=[FORMER]) as client:
            with pytest.raises(OutcomeUnknownError) as caught:
                await client.payments.purchase(request("ref"))
            assert caught.value.replayed
        assert gateway.charges("ref") == 1


@pytest.mark.asyncio
async def test_views_with_another_secret_are_kept_apart_in_memory_too(gateway: Sandbox) -> None:
    async with PaymentOptions(gateway.settings(ledger_secret=FORMER), ledger=MemoryLedger()) as client:
        await client.payments.purchase(request("ref"))
        with pytest.raises(ReferenceConflictError):
            await client.with_options(ledger_secret=SECRET).payments.purchase(request("ref"))
        view = client.with_options(ledger_secret=SECRET, former_ledger_secrets=[FORMER])
        assert (await view.payments.purchase(request("ref"))).replayed
        assert gateway.charges("ref") == 1


# --- nothing is shown -------------------------------------------------------------------------------------


def test_no_secret_is_shown() -> None:
    told = settings(former_ledger_secrets=[FORMER])
    prints = Fingerprints(told)
    for shown in (repr(prints), repr(vars(prints)), repr(told), repr(PaymentOptions(told))):
        assert SECRET not in shown
        assert FORMER not in shown
