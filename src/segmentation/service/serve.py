"""Running the service: one process, or several workers behind one socket."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import uvicorn

from segmentation.service.endpoint import Service
from segmentation.service.settings import Settings

__all__ = ["application", "serve"]

_SETTINGS_FILE = "SEGMENTATION_SETTINGS_FILE"
_SECRET = ("app_id", "app_token")
_SWITCH_SECONDS = 0.001
"""How long a thread that computes keeps the interpreter while a request waits for it: a fifth of Python's default."""


def serve(settings: Settings, host: str, port: int, workers: int = 1) -> None:
    """Serve until a signal comes.

    Workers are processes with an engine each, all of one store.

    Raises:
        SettingsError: The settings cannot be used.
        StoreError: The store cannot be used.
        DefinitionError: The segments in the store cannot be read with these settings.
        ValueError: The engine's options are wrong.
    """
    options: dict[str, Any] = {
        "host": host,
        "port": port,
        "access_log": False,  # it would be a log of customer ids
        "lifespan": "on",
        "proxy_headers": False,  # nothing depends on who asks
        "server_header": False,
        "timeout_graceful_shutdown": 10,
        "ws": "none",
    }
    if workers == 1:
        sys.setswitchinterval(_SWITCH_SECONDS)
        uvicorn.run(Service(settings), **options)
        return
    Service(settings).close()  # what is wrong is told of here, once, not by workers that are started again and again
    described, path = tempfile.mkstemp(prefix="segmentation-", suffix=".json")  # an environment variable could not hold large locations
    try:
        with os.fdopen(described, "w", encoding="utf-8") as file:
            json.dump({field.name: getattr(settings, field.name) for field in fields(settings) if field.name not in _SECRET}, file)
        os.environ[_SETTINGS_FILE] = path
        uvicorn.run(f"{__name__}:application", factory=True, workers=workers, **options)
    finally:
        del os.environ[_SETTINGS_FILE]
        Path(path).unlink()


def application() -> Service:
    """The service of a worker."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    return Service(Settings.from_environment(**json.loads(Path(os.environ[_SETTINGS_FILE]).read_text(encoding="utf-8"))))
