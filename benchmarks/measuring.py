"""Processes to measure, and callgrind to count with."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def raise_file_limit() -> None:
    """Allow as many open files, and so connections, as there may be; the processes started here inherit it."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@contextmanager
def server(*flags: str) -> Iterator[str]:
    """The address of a fresh server, in a process of its own."""
    with process("benchmarks.server", *flags) as started:
        assert started.stdout is not None
        yield f"http://127.0.0.1:{started.stdout.readline().strip()}"


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A module with its arguments, killed in the end together with its temporary files."""
    command = [sys.executable, "-m", *arguments]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": folder}
        ) as started,
    ):
        try:
            yield started
        finally:
            started.kill()


def instructions_of_call(*command: str) -> float:
    """Thousands of instructions: the difference of a long and a short run, so that start-up falls out.

    Args:
        *command: A module and its arguments; how many calls it makes is put behind them.
    """
    short, long = (instructions("-m", *command, str(calls)) for calls in (512, 1536))
    return (long - short) / 1024 / 1000


def instructions(*arguments: str) -> int:
    """All instructions that Python takes with these arguments, counted by callgrind."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", sys.executable, *arguments]
        told = subprocess.run(command, capture_output=True, text=True, check=True, env=_QUIET).stderr
    found = re.search(r"Collected : (\d+)", told)
    assert found, told
    return int(found[1])


# The same hashes, and so the same instructions, in every run.
_QUIET = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin"}


def resident() -> float:
    """KiB of memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024
