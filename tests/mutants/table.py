"""The faults, as small patches: in which file, what stands there, and what stands there instead."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["CONTROL", "MUTANTS", "Mutant"]


class Mutant(NamedTuple):
    """One fault.

    Attributes:
        name: What is wrong then.
        file: In the package.
        old: What stands there, once.
        new: What it becomes.
    """

    name: str
    file: str
    old: str
    new: str


CONTROL: Final = Mutant("no fault at all", "charging.py", "class Charging", "class Charging")
"""What no instrument may see: else it sees ghosts."""

MUTANTS: Final = (
    Mutant(
        "sent before it is claimed",
        "charging.py",
        "                claim = await self._claim(trip.order)\n",
        "                await self._send(trip, deadline)\n                claim = await self._claim(trip.order)\n",
    ),
    Mutant(
        "an unknown charge is sent again",
        "ledger/rules.py",
        "    if record.outcome.state is State.REFUSED and record.mark is not Mark.CONTRADICTED:\n",
        "    if as_seen(record, now).outcome.state in (State.REFUSED, State.UNKNOWN):\n",
    ),
    Mutant(
        "a declined charge is sent again",
        "ledger/rules.py",
        "    if record.outcome.state is State.REFUSED and record.mark is not Mark.CONTRADICTED:\n",
        "    if record.outcome.state in (State.REFUSED, State.DECLINED) and record.mark is not Mark.CONTRADICTED:\n",
    ),
    Mutant(
        "what is being sent is claimed once more",
        "ledger/rules.py",
        "    if seen.outcome.state is State.SENDING:\n        raise _in_use(record)\n    return seen",
        "    if seen.outcome.state is State.SENDING:\n        return record._replace(token=token)\n    return seen",
    ),
    Mutant(
        "the token of a claim is not checked",
        "ledger/rules.py",
        "    if record.token != claim.token:\n        return _superseded(record, outcome, now)\n",
        "",
    ),
    Mutant(
        "a lease never ends",
        "ledger/rules.py",
        "    if state is not State.SENDING or now < record.lease_ends <= now + _LONGEST_LEASE:\n",
        "    if True:\n",
    ),
    Mutant(
        "other content under a known reference is taken for the same",
        "ledger/rules.py",
        "    if record.intent.fingerprint not in (intent.fingerprint, *intent.former_fingerprints):\n",
        "    if False:\n",
    ),
    Mutant(
        "a late answer is thrown away",
        "ledger/rules.py",
        "    return _late(record, outcome, now) if _unheard(record.outcome) else record\n",
        "    return record\n",
    ),
    Mutant(
        "a person overrules the gateway",
        "ledger/rules.py",
        "    if seen not in UNSETTLED and record.mark is None:\n",
        "    if False:\n",
    ),
    Mutant(
        "a lost answer is repeated without being asked for",
        "transport/retry.py",
        "outcome.lost and policy.repeat_after_send\n",
        "outcome.lost\n",
    ),
    Mutant(
        "a lost answer to a capture or refund is repeated",
        "transport/retry.py",
        "    return outcome.refusal is Refusal.NOT_SENT\n",
        "    return outcome.refusal is Refusal.NOT_SENT or outcome.lost\n",
    ),
    Mutant(
        "the budget of retries has no end",
        "transport/retry.py",
        "        self._tokens -= _COST\n",
        "        self._tokens -= 0\n",
    ),
    Mutant(
        "what was written counts as not sent",
        "transport/parcel.py",
        "        self.sent = not _is_shut(writer)\n",
        "        self.sent = False\n",
    ),
    Mutant(
        "a body is written a second time",
        "transport/parcel.py",
        "        if self.sent:\n            raise RuntimeError",
        "        if False:\n            raise RuntimeError",
    ),
    Mutant(
        "an answer that breaks off counts as not sent",
        "transport/gateway.py",
        '            return Fault(True, f"HTTP {response.status}, then {type(fault).__name__}"',
        '            return Fault(False, f"HTTP {response.status}, then {type(fault).__name__}"',
    ),
    Mutant("redirects are followed", "transport/gateway.py", "allow_redirects=False", "allow_redirects=True"),
    Mutant(
        "an answer cut off at its longest counts as whole",
        "transport/gateway.py",
        "return Reply(response.status, body, len(body) <= _LONGEST_ANSWER, wait)",
        "return Reply(response.status, body, True, wait)",
    ),
    Mutant(
        "success is read before the redirect",
        "verdict.py",
        '    if answer.whole.get("redirect_url"):\n',
        '    if answer.whole.get("redirect_url") and answer.whole.get("success") is not True:\n',
    ),
    Mutant(
        "an answer about another reference is believed",
        "verdict.py",
        "    if foreign := names_another(answer.whole, asked):\n",
        "    if foreign := None:\n",
    ),
    Mutant(
        "an unclear code counts as a decline",
        "verdict.py",
        "_UNCLEAR: Final = frozenset({Reason.UNCLEAR, Reason.PENDING, Reason.DUPLICATE})\n",
        "_UNCLEAR: Final = frozenset({Reason.DUPLICATE})\n",
    ),
    Mutant(
        "a duplicate counts as a decline",
        "verdict.py",
        "_UNCLEAR: Final = frozenset({Reason.UNCLEAR, Reason.PENDING, Reason.DUPLICATE})\n",
        "_UNCLEAR: Final = frozenset({Reason.UNCLEAR, Reason.PENDING})\n",
    ),
    Mutant(
        "a part counts as the whole",
        "verdict.py",
        "    partial = row.reason is Reason.PARTIAL or _is_less(amount, asked.amount)\n",
        "    partial = False\n",
    ),
    Mutant(
        "an answer that contradicts itself counts as a decline",
        "verdict.py",
        "    if approved != success or (approved and not answer.is_ok):\n",
        "    if approved < success:\n",
    ),
    Mutant(
        "a second attempt's answer ends every doubt",
        "verdict.py",
        "    doubtful = any(outcome.state is State.UNKNOWN for outcome in outcomes[:-1])\n",
        "    doubtful = False\n",
    ),
    Mutant(
        "an unlisted status counts as refused",
        "verdict.py",
        '    return _lost(f"{what}, an answer that does not tell what became of the charge", status)\n',
        "    return _refused(Refusal.INVALID, what, status=status, **known)\n",
    ),
    Mutant(
        "callers at once do not share a flight",
        "charging.py",
        "        while flight := self._flights.get(reference):\n",
        "        while flight := None:\n",
    ),
    Mutant(
        "what is owed to the ledger is forgotten",
        "charging.py",
        "        if owed := self._recorder.owed(reference):\n",
        "        if owed := None:\n",
    ),
    Mutant(
        "other content in the air is taken for the same",
        "charging.py",
        "    if fingerprint not in (order.intent.fingerprint, *order.intent.former_fingerprints):\n",
        "    if False:\n",
    ),
    Mutant(
        "a cancel is not written down",
        "charging.py",
        "                landing = await self._finish(trip, trip.cut(type(ending).__name__))\n",
        "                landing = trip.cut(type(ending).__name__)\n",
    ),
    Mutant(
        "what a cancel cuts off counts as not sent",
        "charging.py",
        "_interrupted(why) if self.parcel.sent else _not_sent(why)",
        "_not_sent(why)",
    ),
    Mutant(
        "the deadline is not kept",
        "charging.py",
        "            async with asyncio.timeout_at(deadline):\n                trip.send_until",
        "            async with asyncio.timeout_at(None):\n                trip.send_until",
    ),
    Mutant(
        "a machine that slept sends all the same",
        "charging.py",
        "        return trip.send_until is not None and self._runtime.now() > trip.send_until\n",
        "        return False\n",
    ),
    Mutant(
        "earlier attempts are not counted",
        "charging.py",
        "        outcome = settle([attempt.outcome for attempt in self.attempts], self.earlier_attempts)\n",
        "        outcome = settle([attempt.outcome for attempt in self.attempts], 0)\n",
    ),
    Mutant(
        "a right that was cancelled is not given back",
        "charging.py",
        "            await self._recorder.release(Claim(reference, token, intent=order.intent))\n",
        "            pass\n",
    ),
    Mutant(
        "a claim that failed is sent",
        "charging.py",
        "        except LedgerError as fault:\n            why = str(fault)\n",
        "        except LedgerError:\n            return Claim(reference, token)\n",
    ),
    Mutant(
        "an unwritten outcome is told as recorded",
        "charging.py",
        "            return landing._replace(recorded=False)\n        return landing if told",
        "            return landing\n        return landing if told",
    ),
    Mutant(
        "the card in flight is not masked by its number",
        "charging.py",
        "        with in_flight(request.card.number if request.card else None):\n",
        "        with in_flight(None):\n",
    ),
    Mutant(
        "the recorder does not try again",
        "recording.py",
        "        while self._owed:\n            await self._sleep(",
        "        while False:\n            await self._sleep(",
    ),
    Mutant(
        "a webhook's token is not checked",
        "webhooks/tokens.py",
        "        return any(fitting)\n",
        "        return True\n",
    ),
    Mutant(
        "a webhook's transaction may be anybody's",
        "reconciling.py",
        "        if foreign := _foreign(record, judged, must_be_named=must_be_named):\n",
        "        if foreign := None:\n",
    ),
    Mutant(
        "one of several attempts settles all",
        "reconciling.py",
        "        if _may_be_one_of_several(record) and not ends_doubt(outcome):\n",
        "        if False:\n",
    ),
    Mutant(
        "a card number is shown",
        "pan.py",
        "    return f\"{number[:6]}{'*' * (len(number) - 10)}{number[-4:]}\"\n",
        "    return number\n",
    ),
    Mutant(
        "an answer that cannot be written down is thrown away",
        "charging.py",
        "            return landing._replace(recorded=False)\n        return landing if told",
        '            return Landing(_interrupted("unwritten"))\n        return landing if told',
    ),
    Mutant(
        "a cancel is swallowed",
        "charging.py",
        "            if not isinstance(ending, Exception) or landing.outcome.state is State.REFUSED:\n",
        "            if isinstance(ending, Exception) and landing.outcome.state is State.REFUSED:\n",
    ),
    Mutant(
        "who shares a flight is never told",
        "charging.py",
        "            flight.land(ended := landing or _abandoned(trip))\n",
        "            ended = landing or _abandoned(trip)\n",
    ),
    Mutant(
        "what is unknown counts as being charged",
        "ledger/rules.py",
        "    if seen.outcome.state is State.SENDING:\n        raise _in_use(record)\n    return",
        "    if seen.outcome.state in (State.SENDING, State.UNKNOWN):\n        raise _in_use(record)\n    return",
    ),
    Mutant(
        "the time to send runs from the claim on",
        "charging.py",
        """                trip.send_until = self._runtime.now() + timedelta(seconds=self._settings.timeouts.total)
                claim = await self._claim(trip.order)
""",
        """                claim = await self._claim(trip.order)
                trip.send_until = self._runtime.now() + timedelta(seconds=self._settings.timeouts.total)
""",
    ),
    Mutant(
        "an answer that nobody has asked for is believed",
        "transport/pool.py",
        "conn.protocol.is_connected() and conn.protocol.should_close:\n",
        "False:\n",
    ),
    Mutant(
        "a batch drops its results",
        "batch/runner.py",
        "            self._results.append(result)\n",
        "            pass\n",
    ),
    Mutant(
        "the status of another transaction is believed",
        "reconciling.py",
        " or outcome.transaction_id != transaction_id:\n",
        ":\n",
    ),
)
