from __future__ import annotations

import base64
import copy
import pickle

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from paymentoptions_async import ConfigurationError
from paymentoptions_async.cluster import RowKey, Sealed, Sealer

KEY, OTHER = bytes(32), bytes(range(32))

bodies = st.binary(max_size=2000)
row_keys = st.builds(RowKey, st.text(max_size=24), st.integers(0, 2**31 - 1), st.text(max_size=45))


@given(bodies, row_keys)
def test_what_was_sealed_opens_in_its_row(body: bytes, key: RowKey) -> None:
    sealer = Sealer(KEY)
    assert sealer.open(sealer.seal(body, key), key) == body


@given(bodies, row_keys, row_keys)
def test_it_opens_in_no_other_row(body: bytes, key: RowKey, other: RowKey) -> None:
    assume(key != other)
    sealer = Sealer(KEY)
    with pytest.raises(ConfigurationError, match="moved from another row"):
        sealer.open(sealer.seal(body, key), other)


@given(bodies, row_keys, st.data())
def test_no_bit_of_it_can_be_changed(body: bytes, key: RowKey, data: st.DataObject) -> None:
    sealer = Sealer(KEY)
    sealed = sealer.seal(body, key)
    bit = data.draw(st.integers(0, 8 * len(sealed.content) - 1))
    changed = bytearray(sealed.content)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ConfigurationError, match="was changed"):
        sealer.open(Sealed(sealed.key_id, bytes(changed)), key)


@given(st.binary(max_size=30))
def test_what_is_too_short_is_told_like_what_was_changed(content: bytes) -> None:
    sealer = Sealer(KEY)
    with pytest.raises(ConfigurationError, match="was changed"):
        sealer.open(Sealed(sealer.key_id, content[:27]), RowKey("b", 1, "r"))


@given(bodies, row_keys)
def test_the_same_body_is_never_sealed_into_the_same_bytes(body: bytes, key: RowKey) -> None:
    sealer = Sealer(KEY)
    first, second = sealer.seal(body, key), sealer.seal(body, key)
    assert first.content != second.content
    assert first.content[:12] != second.content[:12]


@given(st.binary(min_size=8, max_size=2000), row_keys)
def test_nothing_of_a_body_shows(body: bytes, key: RowKey) -> None:
    assert body not in Sealer(KEY).seal(body, key).content


def test_a_former_key_still_opens_and_the_present_one_seals() -> None:
    key = RowKey("b", 1, "r")
    before, after = Sealer(OTHER), Sealer(KEY, [OTHER])
    assert after.open(before.seal(b"body", key), key) == b"body"
    assert after.seal(b"body", key).key_id == Sealer(KEY).key_id != before.key_id


def test_without_its_key_nothing_opens_and_the_key_is_named() -> None:
    sealed = Sealer(OTHER).seal(b"body", RowKey("b", 1, "r"))
    with pytest.raises(ConfigurationError, match=f"key {sealed.key_id}"):
        Sealer(KEY).open(sealed, RowKey("b", 1, "r"))


def test_a_key_may_come_of_a_call_that_is_made_once() -> None:
    calls: list[int] = []

    def ask() -> bytes:
        calls.append(1)
        return KEY

    assert Sealer(ask).key_id == Sealer(KEY).key_id
    assert calls == [1]


@pytest.mark.parametrize("written", [KEY.hex(), base64.b64encode(KEY).decode(), f"  {KEY.hex()}\n"])
def test_the_environment_takes_hexadecimal_and_base64(written: str) -> None:
    sealer = Sealer.from_env({"PAYMENTOPTIONS_SEAL_KEY": written, "PAYMENTOPTIONS_FORMER_SEAL_KEYS": OTHER.hex()})
    assert sealer.key_id == Sealer(KEY).key_id
    assert sealer.open(Sealer(OTHER).seal(b"x", RowKey("b", 1, "r")), RowKey("b", 1, "r")) == b"x"


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({}, "not set"),
        ({"PAYMENTOPTIONS_SEAL_KEY": "secret-words"}, "32 random bytes"),
        ({"PAYMENTOPTIONS_SEAL_KEY": KEY.hex()[2:]}, "32 random bytes"),
        ({"PAYMENTOPTIONS_SEAL_KEY": KEY.hex(), "PAYMENTOPTIONS_FORMER_SEAL_KEYS": "secret-words"}, "32 random bytes"),
    ],
)
def test_a_key_that_is_none_is_told_without_showing_it(environ: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as raised:
        Sealer.from_env(environ)
    frames = []
    trace = raised.value.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename != __file__:
            frames.append(repr(trace.tb_frame.f_locals))
        trace = trace.tb_next
    assert frames
    assert "secret-words" not in str(raised.value) + "".join(frames)


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="32 random bytes"):
        Sealer(b"short")


def test_a_sealer_shows_no_key_and_is_not_pickled() -> None:
    assert KEY.hex() not in repr(Sealer(KEY))
    for copied in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError):
            copied(Sealer(KEY))
