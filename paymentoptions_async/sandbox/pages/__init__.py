"""What a person sees of the sandbox: the payer's pages, and the developer's."""

from __future__ import annotations

from .routes import page_routes

__all__ = ["page_routes"]
