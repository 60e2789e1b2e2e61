"""What the gateway tells by itself: taken from its bytes, authenticated, confirmed by a status query, written down."""

from .event import Effect, WebhookEvent
from .receiver import Webhooks

__all__ = ["Effect", "WebhookEvent", "Webhooks"]
