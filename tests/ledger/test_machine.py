"""Any story that two processes, a gateway and a person can write into a ledger, on every store.

The model knows nothing of how a ledger works. It keeps the books of a gateway, and what was told about each reference.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from itertools import count, cycle
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import attrs
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from paymentoptions_async import (
    InvalidRequestError,
    Mark,
    MemoryLedger,
    PaymentOptionsError,
    ReferenceConflictError,
    ReferenceInUseError,
    Resolution,
)
from paymentoptions_async.ledger import Claim, Intent, Ledger, Record
from paymentoptions_async.models.outcome import Outcome, Refusal, State

from .. import postgres
from . import stores
from .cases import GIVEN_BACK, MOVED, ended, intent, status, word
from .stores import Store

T = TypeVar("T")

LEASE: Final = 10.0
OPEN: Final = (State.SENDING, State.UNKNOWN, State.CHALLENGED)
UNSENT: Final = (State.DECLINED, State.REFUSED)
SETTLED: Final = (State.PAID, State.PARTIAL, State.DECLINED)

# What has become of the first caller when a story begins.
PASTS: Final = ("charged anew and paid", "charged anew", "declined", "paid", "not charged", "frozen", "nothing")

# What may become of a charge, by what really happened.
ENDS: Final = {
    "not sent": (State.REFUSED,),
    "not charged": (State.DECLINED, State.UNKNOWN, State.CHALLENGED, State.REFUSED),
    "charged": (State.PAID, State.UNKNOWN, State.PAID, State.UNKNOWN, State.PARTIAL),
}


class No(NamedTuple):
    """An answer that was an error."""

    kind: type[PaymentOptionsError]
    told: str
    lease_ends: object


@attrs.define(eq=False)
class Holder:
    """A caller of a process who was given the right to send.

    Attributes:
        right: What it was given.
        process: Where it lives.
        happened: What its charge came to in truth.
        transaction_id: Of its charge.
        outcome: What it tells; it never tells two things.
        may_have_charged: As far as anybody was told.
        has_told: Whether it was heard what became of it.
    """

    right: Claim
    process: int
    happened: str = "not sent"
    transaction_id: str | None = None
    outcome: Outcome | None = None
    may_have_charged: bool = True
    has_told: bool = False


@attrs.define(eq=False)
class Story:
    """What was told about one reference since it was first claimed.

    Attributes:
        fingerprint: Of what it stands for.
        holders: Who was given the right to send, oldest first. The last one's word counts.
        lease_ends: Until when the last one may be at it.
        state: What was last told of it.
        transaction_id: Likewise.
        noted: What a webhook has named last, and nobody has confirmed.
        is_a_persons_word: Whether a person has told that.
        is_contradicted: Whether two words about it differ, and no person has settled that.
        is_paid_for_sure: Whether the gateway itself has ever said that it was paid.
        heard: What was told by those who were not the last.
        contradictions: What was said against what, by transactions that have an id.
        attempts: The most that were told of.
        charges: How often the gateway has moved money, by its books.
        wrong_words: How often a person said that nothing was charged, and that was wrong.
    """

    fingerprint: bytes
    lease_ends: float
    holders: list[Holder] = attrs.field(factory=list)
    state: State = State.SENDING
    transaction_id: str | None = None
    noted: str | None = None
    is_a_persons_word: bool = False
    is_contradicted: bool = False
    is_paid_for_sure: bool = False
    heard: set[tuple[State, str | None]] = attrs.field(factory=set)
    contradictions: set[tuple[State, str | None, State, str]] = attrs.field(factory=set)
    attempts: int = 0
    charges: int = 0
    wrong_words: int = 0

    @property
    def is_free(self) -> bool:
        """Whether the next who asks may send."""
        return self.state is State.REFUSED and not self.is_contradicted

    def seen(self, now: float) -> State:
        """What everybody is to be told."""
        if self.state is State.SENDING:
            return State.SENDING if now < self.lease_ends else State.UNKNOWN
        return State.UNKNOWN if self.is_contradicted and self.state not in MOVED else self.state

    @property
    def counts_as_paid(self) -> bool:
        """Whether nobody may say that it was not; once it is contradicted, a person's payment counts like that too."""
        return self.is_paid_for_sure or (self.is_contradicted and self.state in MOVED)

    def give(self, holder: Holder, fingerprint: bytes, lease_ends: float) -> None:
        """Somebody was given the right to send."""
        self.fingerprint, self.lease_ends = fingerprint, lease_ends
        self.state, self.transaction_id, self.is_a_persons_word = State.SENDING, None, False
        self.noted = None
        self.holders.append(holder)

    def hear(self, holder: Holder, outcome: Outcome) -> None:
        """A holder tells what became of its right."""
        told = (outcome.state, outcome.transaction_id)
        if holder is not self.holders[-1]:
            self.hear_too_late(holder, outcome)
        elif self.state is State.SENDING:
            holder.has_told = True
            self.state, self.transaction_id = told
            if self.state not in OPEN or self.transaction_id is not None:
                self.noted = None
            self.attempts = max(self.attempts, outcome.attempts)
            holder.may_have_charged = outcome.state is not State.REFUSED
            self.is_paid_for_sure |= outcome.state in MOVED
        elif not holder.has_told and self.counts(outcome):
            holder.has_told = self.hear_more(holder, outcome)

    def hear_too_late(self, holder: Holder, outcome: Outcome) -> None:
        """Something is told about a claim that was given up, and charged anew since."""
        told = (outcome.state, outcome.transaction_id)
        if outcome.state not in UNSENT and told not in self.heard:
            self.heard.add(told)
            self.is_contradicted = holder.may_have_charged = True
            self.is_paid_for_sure |= outcome.state in MOVED

    def hear_more(self, holder: Holder, outcome: Outcome) -> bool:
        """The gateway's own word about what is settled already; whether it is news."""
        same = outcome.state is self.state and self.transaction_id in (None, outcome.transaction_id)
        if not same and outcome.transaction_id is not None:
            against = (self.state, self.transaction_id, outcome.state, outcome.transaction_id)
            if against in self.contradictions:
                return False
            self.contradictions.add(against)
        self.is_contradicted |= not same
        self.attempts = max(self.attempts, outcome.attempts)
        self.believe(holder, outcome)
        event("a late word " + ("confirms" if same else "contradicts") + " what was settled")
        return True

    def believe(self, holder: Holder, outcome: Outcome) -> None:
        """What the gateway says is how it is from now on."""
        self.state, self.transaction_id = outcome.state, outcome.transaction_id
        self.noted, self.is_a_persons_word = None, False
        holder.may_have_charged = outcome.state not in UNSENT
        self.is_paid_for_sure |= outcome.state in MOVED

    def counts(self, late: Outcome) -> bool:
        """Whether what a holder tells says more than what was settled meanwhile."""
        if late.state is State.UNKNOWN:
            return self.state is State.REFUSED
        if late.state is State.DECLINED is self.state:
            return self.transaction_id in (None, late.transaction_id)  # another one's decline contradicts none
        if self.is_a_persons_word or self.is_contradicted:
            return late.state in (*SETTLED, State.CHALLENGED)
        # The gateway itself has settled it.
        if late.state is State.CHALLENGED:
            return late.transaction_id not in (None, self.transaction_id)
        return late.state in SETTLED and not (self.state is State.REFUSED and late.state is State.DECLINED)

    def hear_the_gateway(self, holder: Holder, told: Outcome, now: float) -> bool:
        """A status of the gateway's about what a holder has sent; whether it is news."""
        before = (self.state, self.transaction_id, self.is_a_persons_word, self.is_contradicted)
        says_so = (told.state, told.transaction_id) == (self.state, self.transaction_id)
        if holder is not self.holders[-1]:
            self.hear_too_late(holder, told)
        elif says_so:
            event("the gateway says what is known")
        elif self.seen(now) in OPEN:
            self.attempts = max(self.attempts, told.attempts)
            self.believe(holder, told)
            event("the gateway settles what is open")
        elif self.counts(told):
            self.hear_more(holder, told)
        return before != (self.state, self.transaction_id, self.is_a_persons_word, self.is_contradicted)

    def note(self, holder: Holder, transaction_id: str) -> None:
        """A webhook has named the transaction of a holder, and nobody has confirmed it."""
        if holder is self.holders[-1] and self.state in OPEN and self.transaction_id is None:
            self.noted = transaction_id
            event(f"noted: {self.state}")

    def settle(self, said: State, transaction_id: str | None) -> None:
        """A person tells what became of it, and is believed."""
        self.state, self.is_a_persons_word, self.is_contradicted = said, True, False
        self.transaction_id = transaction_id or self.transaction_id
        if transaction_id:
            self.noted = None
        self.attempts = max(self.attempts, 1)
        if said is State.REFUSED:
            self.wrong_words += self.charges > self.wrong_words
            for holder in self.holders:
                holder.may_have_charged = False


references = st.sampled_from(["a", "ß"])
happenings = st.sampled_from(["charged", "charged", "not charged", "not sent"])
pauses = st.sampled_from([0.0, LEASE, 0.5])
processes = st.sampled_from([0, 1])
# Two contents, by the key of now or the one before.
contents = st.sampled_from([(b"one, old key",), (b"one, new key", b"one, old key"), (b"two, new key", b"two, old key")])


class Step(NamedTuple):
    """What happens next: a method of the machine, and how it is called."""

    what: str
    how: dict[str, Any]


def _step(what: str, **how: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    return st.builds(Step, st.just(what), st.fixed_dictionaries(how))


CLAIM: Final = _step(
    "claim",
    process=processes,
    reference=references,
    prints=contents,
    callers=st.sampled_from([1, 1, 2, 5]),
    pause=pauses,
    happens=happenings | st.just("cancelled"),
)
FINISH: Final = _step(
    "finish",
    whose=st.sampled_from(["late", "any", "again"]),
    number=st.integers(0, 19),
    attempts=st.integers(0, 3),
    tells_id=st.booleans(),
    pause=pauses,
)
RESOLVE: Final = _step(
    "resolve",
    process=processes,
    reference=references,
    said=st.sampled_from([State.PAID, State.DECLINED, State.REFUSED]),
    transaction=st.sampled_from(["the last one", "another", "not told"]),
    pause=pauses,
)
HEAR: Final = _step(
    "hear_of",
    process=processes,
    reference=references,
    number=st.integers(0, 9),
    is_confirmed=st.booleans(),
    pause=pauses,
)
PRUNE: Final = _step(
    "read_and_prune", process=processes, older_than=st.sampled_from([2 * LEASE, 1.0, 0.0]), unsettled=st.booleans()
)
MISHAP: Final = st.sampled_from([-LEASE, 10 * LEASE, 0, 1]).map(
    lambda what: Step("crash", {"process": what}) if what in (0, 1) else Step("clock_jumps", {"seconds": what})
)

# They are one rule and not one each, since hypothesis leaves out half of the rules in each story: what is rare needs
# them all. What brings a story on comes more often than what ends it.
STEPS: Final = st.sampled_from([CLAIM] * 3 + [FINISH] * 4 + [RESOLVE] * 3 + [HEAR] * 3 + [PRUNE, MISHAP]).flatmap(
    lambda steps: steps
)


class LedgerMachine(RuleBasedStateMachine):
    """Writes stories into a store, and the same ones into memory.

    Args:
        make: Gives an empty store.
    """

    def __init__(self, make: Callable[[], Store]) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.store = make()
        self.clock = self.store.clock
        self.ledgers = [self.store.open(), self.store.open()]
        self.mirror = MemoryLedger(clock=self.clock)
        self.stories: dict[str, Story] = {}
        self.rights: list[Holder] = []  # of callers who live and have told nothing yet
        self.used_up: list[Holder] = []  # of callers who live and have told
        self.tokens = (f"token {number}" for number in count())
        self.transactions = (f"t{number}" for number in count())

    def teardown(self) -> None:
        for ledger in self.ledgers:
            self.run(ledger.close())
        self.runner.close()

    def ask(self, process: int, call: Callable[[Ledger], Coroutine[Any, Any, Any]]) -> Any:
        """The answer of a process's ledger, which is the one in memory's as well."""
        answer = self.run(_answered(call(self.ledgers[process])))
        assert answer == _at_once(_answered(call(self.mirror)))
        return answer

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.get_loop().run_until_complete(work)

    def everything(self, process: int = 0, *, unsettled: bool = False) -> dict[str, Record]:
        page = self.ask(process, lambda ledger: ledger.page(after="", limit=9, unsettled=unsettled))
        return {record.merchant_txn_ref: record for record in page}

    @rule(step=STEPS)
    def go_on(self, step: Step) -> None:
        getattr(self, step.what)(**step.how)

    # --- what went before ---

    @initialize(past=st.sampled_from(PASTS), happened=happenings, since=happenings)
    def begin(self, past: str, happened: str, since: str) -> None:
        """Stories take long to get into what is rare: most begin in the midst of it."""
        if past == "nothing":
            return
        self.claim(0, "a", (b"one, old key",), 1, 0.0, happened)
        if past != "frozen":
            said = {"declined": State.DECLINED, "paid": State.PAID}.get(past, State.REFUSED)
            self.resolve(1, "a", said, "the last one", LEASE)
        if past.startswith("charged anew"):
            self.claim(1, "a", (b"one, old key",), 2, 0.0, since)
        if past == "charged anew and paid":
            self.resolve(1, "a", State.PAID, "the last one", LEASE)

    # --- claim ---

    def claim(
        self, process: int, reference: str, prints: tuple[bytes, ...], callers: int, pause: float, happens: str
    ) -> None:
        """Some callers want to charge at once, and those who may send do, now or never."""
        self.clock.now += pause
        asked = intent(reference, *prints)
        tokens = [next(self.tokens) for _ in range(callers)]
        answers = self.race([process], asked, tokens) if callers == 1 else self.race([0, 1], asked, tokens)
        for token, answer in answers.items():
            assert answer == _at_once(_answered(self.mirror.claim(asked, token=token, lease=LEASE)))
        holders = {token: self.judge(process, asked, token, answer) for token, answer in answers.items()}
        for token, holder in holders.items():
            if happens == "cancelled":
                self.give_back(process, Claim(reference, token), holder)
            elif holder is not None:
                again = self.ask(1 - process, partial(_claim, asked, token))
                assert again == holder.right, "asked for again with its token"
                self.rights.append(holder)
                self.send(holder, happens)

    def race(self, processes: list[int], asked: Intent, tokens: list[str]) -> dict[str, Any]:
        """What they are told, that who was the first first."""

        async def all_at_once() -> list[Any]:
            ledgers = cycle(self.ledgers[process] for process in processes)
            claims = (
                ledger.claim(asked, token=token, lease=LEASE) for token, ledger in zip(tokens, ledgers, strict=False)
            )
            return await asyncio.gather(*(_answered(claim) for claim in claims))

        answers = zip(tokens, self.run(all_at_once()), strict=True)
        return dict(sorted(answers, key=lambda answered: not isinstance(answered[1], Claim)))

    def give_back(self, process: int, right: Claim, holder: Holder | None) -> None:
        """A caller who was cancelled does not know whether it has got the right."""
        if holder is not None:
            self.tell(holder, GIVEN_BACK)
            return
        before = self.everything()
        assert self.ask(process, lambda ledger: ledger.finish(right, GIVEN_BACK)) is False
        assert self.everything() == before

    def judge(self, process: int, asked: Intent, token: str, answer: Any) -> Holder | None:
        story = self.stories.get(asked.merchant_txn_ref)
        if story is None or story.is_free:
            if story is None:
                story = self.stories[asked.merchant_txn_ref] = Story(b"", 0.0)
            elif story.holders:
                event("a right is given anew")
            assert answer == Claim(asked.merchant_txn_ref, token, story.attempts)
            assert not any(holder.may_have_charged for holder in story.holders), "perhaps charged already"
            holder = Holder(answer, process)
            story.give(holder, asked.fingerprint, self.clock.now + LEASE)
            return holder
        state = story.seen(self.clock.now)
        if story.fingerprint not in (asked.fingerprint, *asked.former_fingerprints):
            assert answer.kind is ReferenceConflictError
        elif state is State.SENDING:
            assert answer.kind is ReferenceInUseError
        else:
            assert (answer.state, answer.transaction_id) == (state, story.transaction_id)
            assert answer.contradicted is story.is_contradicted
        event(f"a claim is answered: {state}")
        return None

    # --- finish ---

    def send(self, holder: Holder, happens: str) -> None:
        story = self.stories[holder.right.merchant_txn_ref]
        holder.happened = happens
        if happens != "not sent":
            holder.transaction_id = next(self.transactions)
            story.charges += happens == "charged"
            assert story.charges <= 1 + story.wrong_words, "charged twice"

    def finish(self, whose: str, number: int, attempts: int, tells_id: bool, pause: float) -> None:
        """A caller tells its process's ledger what became of its charge; or tells it once more."""
        self.clock.now += pause
        late = [holder for holder in self.rights if self.is_late(holder)]
        holders = late or self.rights if whose == "late" else self.used_up if whose == "again" else self.rights
        if not holders:
            return
        holder = holders[number % len(holders)]
        if holder.outcome is None:
            holder.outcome = self.outcome_of(holder, number, attempts, tells_id)
            self.rights.remove(holder)
            self.used_up.append(holder)
        self.tell(holder, holder.outcome)

    def is_late(self, holder: Holder) -> bool:
        """Whether the others have gone on without it."""
        story = self.stories.get(holder.right.merchant_txn_ref)
        return story is None or holder is not story.holders[-1] or story.state is not State.SENDING

    @staticmethod
    def outcome_of(holder: Holder, number: int, attempts: int, tells_id: bool) -> Outcome:
        ends = ENDS[holder.happened]
        state = ends[number % len(ends)]
        transaction_id = holder.transaction_id if tells_id or state in MOVED else None
        outcome = ended(state, transaction_id, attempts=attempts)
        is_gateways = state is State.REFUSED and holder.happened != "not sent"
        return outcome._replace(refusal=Refusal.INVALID) if is_gateways else outcome

    def tell(self, holder: Holder, outcome: Outcome) -> None:
        reference = holder.right.merchant_txn_ref
        story, holder.outcome = self.stories.get(reference), outcome
        stands = self.ask(holder.process, lambda ledger: ledger.finish(holder.right, outcome))
        if story is None:
            assert stands is False
            return
        story.hear(holder, outcome)
        says_so = story.holders[-1] is holder and story.state is outcome.state
        assert stands is (says_so and not story.is_contradicted)
        once = self.everything()[reference]
        assert self.ask(1, lambda ledger: ledger.finish(holder.right, outcome)) is stands
        assert self.everything()[reference] == once, "to finish again changed something"
        event(f"finished: {outcome.state}, {'stands' if stands else 'does not stand'}")

    def resolve(self, process: int, reference: str, said: State, transaction: str, pause: float) -> None:
        self.clock.now += pause
        before, story = self.everything(), self.stories.get(reference)
        transaction_id = None
        if said is State.PAID and transaction != "not told":
            transaction_id = story.holders[-1].transaction_id if story and transaction == "the last one" else "another"
        answer = self.ask(process, lambda ledger: ledger.resolve(reference, word(said, transaction_id)))
        if story is None:
            assert answer.kind is InvalidRequestError
        elif story.seen(self.clock.now) is State.SENDING:
            assert answer.kind is ReferenceInUseError
        elif said is story.state and transaction_id in (None, story.transaction_id) and not story.is_contradicted:
            event("a person says what is known")
        elif story.counts_as_paid if said is not State.PAID else not (transaction_id or story.transaction_id):
            assert answer.kind is InvalidRequestError
        elif story.state in OPEN or story.is_a_persons_word or story.is_contradicted:
            assert answer.outcome.state is said
            assert answer.history[-1].by == "Kim"
            story.is_paid_for_sure = story.counts_as_paid
            story.settle(said, transaction_id)
            event(f"a person says: {said}")
            return
        else:
            assert answer.kind is InvalidRequestError
        assert self.everything() == before

    # --- webhooks ---

    def hear_of(self, process: int, reference: str, number: int, is_confirmed: bool, pause: float) -> None:
        """A webhook comes about what a caller has sent, and the gateway tells the status, or cannot be asked."""
        self.clock.now += pause
        story = self.stories.get(reference)
        sent = [holder for holder in story.holders if holder.transaction_id is not None] if story else []
        if not story or not sent:
            return
        # The last one's more often.
        holder = sent[-1] if number > 2 else sent[number % len(sent)]
        assert holder.transaction_id is not None
        if is_confirmed:
            told = ended(State.PAID if holder.happened == "charged" else State.DECLINED, holder.transaction_id)
            self.hear_twice(process, reference, status(told, holder.right.token))
            return
        before = self.everything()
        # The latest one counts: a bogus one does not lock out the true one.
        for named in ("bogus", holder.transaction_id):
            story.note(holder, named)
            self.resolve_by(process, reference, Resolution.named(named, holder.right.token))
        after = self.everything()[reference]
        assert after._replace(outcome=before[reference].outcome, changed=before[reference].changed) == before[reference]

    def hear_twice(self, process: int, reference: str, told: Resolution) -> None:
        before, story = self.everything(), self.stories[reference]
        holder = next(holder for holder in story.holders if holder.right.token == told.token)
        is_news = story.hear_the_gateway(holder, told.outcome, self.clock.now)
        once = self.resolve_by(process, reference, told)
        assert self.resolve_by(1 - process, reference, told) == once, "to deliver again changed something"
        assert (self.everything() == before) is not is_news or story.is_contradicted
        self.records_tell_what_was_told()

    def resolve_by(self, process: int, reference: str, told: Resolution) -> Record:
        record = self.ask(process, lambda ledger: ledger.resolve(reference, told))
        assert isinstance(record, Record)
        return record

    # --- what goes on around ---

    def read_and_prune(self, process: int, older_than: float, unsettled: bool) -> None:
        async def all_of(ledger: Ledger) -> list[Record]:
            return [record async for record in ledger.records(unsettled=unsettled)]

        told = {record.merchant_txn_ref: record for record in self.ask(process, all_of)}
        assert list(told) == sorted(told)
        for reference, record in told.items():
            assert self.ask(1 - process, partial(_find, reference)) == record
        before = self.everything()
        pruned = self.ask(process, lambda ledger: ledger.prune(older_than=older_than))
        gone = before.keys() - self.everything().keys()
        assert pruned == len(gone)
        for reference, story in list(self.stories.items()):
            is_old = before[reference].changed < self.clock.now - older_than
            is_open = story.state in OPEN or story.is_contradicted
            assert (reference in gone) is (is_old and not is_open)
            if reference in gone:
                del self.stories[reference]
                event(f"forgotten: {story.state}")

    def clock_jumps(self, seconds: float) -> None:
        self.clock.now += seconds

    def crash(self, process: int) -> None:
        """What its callers held is never finished."""
        self.run(self.ledgers[process].close())
        self.ledgers[process] = self.store.open()
        self.rights = [holder for holder in self.rights if holder.process != process]
        self.used_up = [holder for holder in self.used_up if holder.process != process]

    # --- what holds at any time ---

    @invariant()
    def records_tell_what_was_told(self) -> None:
        records = self.everything()
        assert records.keys() == self.stories.keys()
        for reference, story in self.stories.items():
            record = records[reference]
            told = (record.outcome.state, record.outcome.transaction_id)
            assert told == (story.seen(self.clock.now), story.transaction_id)
            assert record.outcome.named_id == story.noted
            assert record.outcome.attempts == story.attempts
            assert (record.mark is Mark.CONTRADICTED) is story.is_contradicted
            assert (record.mark is Mark.RESOLVED) is (story.is_a_persons_word and not story.is_contradicted)

    @invariant()
    def the_unsettled_are_listed(self) -> None:
        is_open = {reference for reference, story in self.stories.items() if story.state in OPEN}
        contradicted = {reference for reference, story in self.stories.items() if story.is_contradicted}
        assert self.everything(1, unsettled=True).keys() == is_open | contradicted


async def _claim(asked: Intent, token: str, ledger: Ledger) -> Claim | Outcome:
    return await ledger.claim(asked, token=token, lease=LEASE)


async def _find(reference: str, ledger: Ledger) -> Record | None:
    return await ledger.find(reference)


def _at_once(work: Coroutine[Any, Any, T]) -> T:
    """The result of something that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError("it waits")


async def _answered(call: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await call
    except PaymentOptionsError as error:
        return No(type(error), str(error), getattr(error, "lease_ends", None))


def _run(make: Callable[[], Store], examples: int) -> None:
    class Machine(LedgerMachine):
        def __init__(self) -> None:
            super().__init__(make)

    run_state_machine_as_test(Machine, settings=settings(max_examples=examples, stateful_step_count=40))


def test_any_story_in_memory() -> None:
    _run(stores.memory, examples=100)


def test_any_story_in_a_file(tmp_path: Path) -> None:
    numbers = count()
    _run(lambda: stores.sqlite(tmp_path / f"{next(numbers)}.db"), examples=60)


def test_any_story_in_a_database(postgres_server: Any) -> None:
    _run(lambda: stores.postgres(postgres.empty_schema(postgres_server.get_uri())), examples=25)
