"""One target under atheris: the inputs that reach new code are kept and changed again.

Started by `__main__`, as a process of its own: the package is made ready for it while it is imported, and atheris ends
the process.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, Final

__all__ = ["main"]

# Bytes. The longest seed has under three thousand.
_LONGEST: Final = 8192

# Of a thousand changes, how many are left to atheris itself.
_ITS_OWN: Final = 300


def main(name: str, runs: int, seed: int, artifacts: str) -> None:
    """Run a target; does not return.

    Args:
        name: Of the target.
        runs: How many inputs.
        seed: With the same one, and the same code, the same inputs come.
        artifacts: What stands before the name of the file of an input that failed.
    """
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["paymentoptions_async"]):
        from .mutation import mutated
        from .table import TARGETS

    def changed(data: bytes, longest: int, number: int) -> bytes:
        random = Random(number)
        if random.randrange(1000) < _ITS_OWN:
            return bytes(atheris.Mutate(data, longest))
        return mutated(data, random)[:longest]

    target = TARGETS[name]

    def run(data: bytes) -> None:
        try:
            target.run(data)
        except BaseException:
            Path(f"{artifacts}{sha256(data).hexdigest()[:16]}").write_bytes(data)
            raise

    with tempfile.TemporaryDirectory() as folder:
        for number, begin in enumerate(target.seeds):
            (Path(folder) / f"{number:04}").write_bytes(begin)
        arguments = [
            sys.argv[0], folder, f"-runs={runs}", f"-seed={seed}", f"-max_len={_LONGEST}", "-timeout=20",
            f"-artifact_prefix={artifacts}",
        ]  # fmt: skip
        atheris.Setup(arguments, run, custom_mutator=changed)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
