from __future__ import annotations

import pytest

# Their assertions are to say as much as those of a test.
pytest.register_assert_rewrite("tests.integrations.opening")

from paymentoptions_async.sandbox import Sandbox  # noqa: E402

from .opening import Opener  # noqa: E402


@pytest.fixture
def opener(gateway: Sandbox) -> Opener:
    """Opens clients of the sandbox, and notes when they were open."""
    return Opener(gateway)
