"""`python -m paymentoptions_async` is the command `paymentoptions`."""

from __future__ import annotations

from .cli import main

if __name__ == "__main__":
    main()
