"""What every request can do: be read as the vendor documents it, and be held against its rules."""

from __future__ import annotations

from typing import Self

import attrs

from ..errors import InvalidRequestError, Problem
from ..redaction import redact_text
from .rules import find_problems, is_sound

__all__ = ["Request", "refusal"]


class Request:
    """The base of what is sent. Its fields are made by `rules`."""

    __slots__ = ()

    @classmethod
    def from_json(cls, data: bytes | str) -> Self:
        """Read a body as the vendor documents it.

        Args:
            data: JSON. Its numbers are taken digit for digit.

        Raises:
            InvalidRequestError: It is not JSON, a member is unknown, missing or of a wrong type, or a field breaks
                its rule; all faults are in `problems`, by path. Nothing was sent.
        """
        from .wire import read_request

        request, problems = read_request(data, cls)
        del data  # it may hold the card number, and a traceback shows this frame
        if request is None:
            raise refusal(problems)
        request.check()
        return request

    def check(self) -> None:
        """Ask every field for its rule. An operation does so by itself, before anything is sent.

        Raises:
            InvalidRequestError: All faults are in `problems`, by path.
        """
        if not is_sound(self) and (problems := find_problems(self)):
            raise refusal(problems, self.shown_reference())
        if problems := self._problems_together():
            raise refusal(problems, self.shown_reference())

    def __repr__(self) -> str:
        # A traceback shows it: a field that holds a card number by mistake is masked like any text.
        fields = attrs.fields(type(self))  # type: ignore[arg-type]  # every subclass is an attrs class
        return redact_text(
            f"{type(self).__name__}({', '.join(f'{it.name}={getattr(self, it.name)!r}' for it in fields)})"
        )

    def _problems_together(self) -> list[Problem]:
        """What is wrong although each field keeps its own rule."""
        return []

    def shown_reference(self) -> str | None:
        """The reference, as an error or a result may show it."""
        return None


def refusal(problems: list[Problem], reference: str | None = None) -> InvalidRequestError:
    """What is raised for them.

    Args:
        problems: All of them.
        reference: Of the charge, free of card data.
    """
    return InvalidRequestError(
        f"the request was not sent: {'; '.join(map(str, problems))}",
        merchant_txn_ref=reference,
        problems=tuple(problems),
    )
