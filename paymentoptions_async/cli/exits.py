"""What the exit codes say. Scripts decide by them, so a code never promises more than is known."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

__all__ = ["EXIT_TABLE", "ExitCode"]


class ExitCode(IntEnum):
    """How a command ended.

    Attributes:
        OK: It was carried out as it was asked; the sandbox was stopped; the doctor found no problem; nothing in the
            ledger is unknown.
        REFUSED: It was not carried out as it was asked: declined, refused, not sent, approved in part only, or
            waiting for the payer. The doctor found a problem. The ledger cannot be used.
        USAGE: Nothing was tried: flags, body file or settings are wrong.
        UNKNOWN: The money may have moved, of this call or of one in the ledger. Or no answer came.
        INTERRUPTED: Stopped from outside before anything was sent; of a batch, before the rest was begun.
    """

    OK = 0
    REFUSED = 1
    USAGE = 2
    UNKNOWN = 3
    INTERRUPTED = 130


EXIT_TABLE: Final = """\
Exit codes:

  0  done as asked: paid, authorised, captured, voided, refunded,

     page made, question answered (sandbox: it was stopped; doctor:

     no problem; ledger: nothing that was looked at is unknown)

  1  not done as asked: declined, refused, not sent, done in part,

     or it waits for the payer (ledger: it cannot be used, has no

     such record, or cannot be changed so)

  2  usage: a flag, a file or a setting cannot be used; nothing was tried

  3  unknown: the money may have moved; resolve it before a new try

     (status, wait, subscription: or no answer came; ledger: something

     is or stays unknown or contradicted)

130  stopped by Ctrl-C or SIGTERM before anything was sent or changed

     (batch: before the rest was begun)
"""
