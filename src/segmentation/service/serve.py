"""Running the service: one process, or several workers behind one socket."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from contextlib import closing
from functools import partial
from inspect import signature
from multiprocessing.process import BaseProcess
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from segmentation.service.endpoint import Service
from segmentation.service.settings import Settings
from segmentation.service.store import StoreError

__all__ = ["serve"]

_log = logging.getLogger("segmentation.service")
_RESTART_SECONDS = 1.0
"""How long a worker that cannot use the store waits before it ends and another one tries."""
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
    # The settings reach workers through the pipe that starts them, so that nothing of them stands in a file or in the environment.
    config = uvicorn.Config(partial(_worker, settings), factory=True, workers=workers, **options)
    older: dict[str, Any] = {"target": uvicorn.Server(config).run} if "target" in signature(Multiprocess).parameters else {}
    with closing(config.bind_socket()) as listening:
        Multiprocess(config, sockets=[listening], **older).run()


def _worker(settings: Settings) -> Service:
    """The service of a worker, which ends with the process that started it. It does not make a store: there was one."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        return Service(settings, is_new=False)
    except StoreError as error:
        _log.error("a worker cannot use the store: %s", error)
        time.sleep(_RESTART_SECONDS)
        sys.exit(1)


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
