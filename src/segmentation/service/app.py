"""The service as a FastAPI application, by itself or within another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.routing import BaseRoute, Match

from segmentation.service.endpoint import Service
from segmentation.service.openapi import document
from segmentation.service.requests import Receive, Scope, Send
from segmentation.service.settings import Settings

__all__ = ["ServiceRoute", "create_app"]


class ServiceRoute(BaseRoute):
    """All requests under a prefix, for an application's list of routes.

    What `app.mount` does, but for every id: a mounted application is not asked for paths that hold a line feed.

        app.router.routes.append(ServiceRoute(Service(settings), "/segmentation"))
    """

    def __init__(self, service: Service, prefix: str = "") -> None:
        self.service = service
        self.prefix = prefix.rstrip("/")

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request is the service's."""
        root: str = scope.get("root_path", "").rstrip("/")
        path: str = scope["path"]
        local = path[len(root) :] if path.startswith(root + "/") else path
        if scope["type"] != "http" or not local.startswith(self.prefix + "/"):
            return Match.NONE, {}
        return Match.FULL, {"root_path": root + self.prefix}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self.service(scope, receive, send)


def create_app(settings: Settings) -> FastAPI:
    """An application that serves the endpoints; the service closes with it.

    Raises:
        SettingsError: The settings cannot be used.
        StoreError: The store cannot be used.
        DefinitionError: The segments in the store cannot be read with these settings.
        ValueError: The engine's options are wrong.
    """
    service = Service(settings)

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    app = FastAPI(title="segmentation", lifespan=living, openapi_url=None, docs_url=None, redoc_url=None)
    app.router.routes.append(ServiceRoute(service))
    openapi: Any = document
    app.openapi = openapi  # type: ignore[method-assign] # what the service serves, for tools that ask the application
    return app
