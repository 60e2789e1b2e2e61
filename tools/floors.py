"""The lowest versions that `pyproject.toml` promises, as constraints for pip.

    python tools/floors.py > floors.txt
    pip install -e '.[test]' -c floors.txt

It needs nothing but Python, since it is run before anything is installed.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

__all__ = ["FOR_DEVELOPERS", "floors"]

# These are for whoever develops this package: nobody is promised that an old sphinx or mypy will do.
FOR_DEVELOPERS: Final = frozenset({"benchmarks", "docs", "test"})
_REQUIREMENT: Final = re.compile(r"(?P<name>[\w.-]+)(\[[\w,-]+\])?(>=(?P<floor>[\w.]+))?")


def floors(project: Mapping[str, Any]) -> Iterator[str]:
    """Pin what users install, the extras as well, to its lowest version.

    Args:
        project: The table `project` of `pyproject.toml`.

    Yields:
        A constraint for each requirement, such as `attrs==24.2`.

    Raises:
        ValueError: A requirement promises more, or less, than one lowest version.
    """
    extras = project["optional-dependencies"].items()
    promised = [
        *project["dependencies"],
        *(requirement for extra, asked in extras if extra not in FOR_DEVELOPERS for requirement in asked),
    ]
    for requirement in promised:
        read = _REQUIREMENT.fullmatch(requirement)
        if read is not None and read["name"] == project["name"]:
            continue  # an extra that contains others
        if read is None or read["floor"] is None:
            raise ValueError(f"{requirement} has no lowest version alone")
        yield f"{read['name']}=={read['floor']}"


if __name__ == "__main__":
    told = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    sys.stdout.writelines(f"{line}\n" for line in floors(told["project"]))
