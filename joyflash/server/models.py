"""Under which names the one model of this server answers, and `/v1/models`."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from joyflash.errors import ModelNotFoundError
from joyflash.server.settings import ServerSettings


class ModelNames:
    """The served names.

    Args:
        own_name: the engine's name of the model; of a folder's path only the last part is shown.
        settings: names given by the operator replace the own name.
    """

    def __init__(self, own_name: str, settings: ServerSettings):
        self.names = settings.served_model_names or (PurePath(own_name).name or own_name,)
        self.any_name = settings.any_model_name
        self.created = int(time.time())

    def resolve(self, name: str) -> str:
        """The name to answer under: the one asked for.

        Raises:
            ModelNotFoundError: the name is not served here.
        """
        if name in self.names or self.any_name:
            return name
        served = ", ".join(f"'{known}'" for known in self.names)
        raise ModelNotFoundError(f"There is no model '{name[:80]}' here. Served: {served}.", "model", "model_not_found")

    def entry(self, name: str) -> dict[str, Any]:
        """One model in OpenAI's shape; ModelNotFoundError when the name is not served."""
        return {"id": self.resolve(name), "object": "model", "created": self.created, "owned_by": "joyflash"}

    def listing(self) -> dict[str, Any]:
        """The body of `GET /v1/models`."""
        return {"object": "list", "data": [self.entry(name) for name in self.names]}

    def anthropic_entry(self, name: str) -> dict[str, Any]:
        """One model in Anthropic's shape; ModelNotFoundError when the name is not served."""
        created = datetime.fromtimestamp(self.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        known = self.resolve(name)
        return {"type": "model", "id": known, "display_name": known, "created_at": created, "lifecycle": "active"}

    def anthropic_listing(self) -> dict[str, Any]:
        """The body of `GET /v1/models` in Anthropic's shape: everything on one page."""
        data = [self.anthropic_entry(name) for name in self.names]
        return {"data": data, "has_more": False, "first_id": self.names[0], "last_id": self.names[-1]}
