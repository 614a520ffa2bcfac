"""What a service is started with: its store, its credentials, how its engine reads, and its limits."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

__all__ = ["APP_ID", "APP_TOKEN", "Settings", "SettingsError"]

APP_ID, APP_TOKEN = "SEGMENTATION_APP_ID", "SEGMENTATION_APP_TOKEN"
"""The environment variables that hold the credentials."""


class SettingsError(ValueError):
    """A service cannot be started with these settings."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a service; pickled to reach worker processes.

    Raises:
        SettingsError: The store or a credential is missing, or a credential could not be sent in a header.
    """

    database: str = field(repr=False)
    """URL of the store, as SQLAlchemy writes it, such as `sqlite:///segments.db`; without `://` it is the path of a SQLite file. May hold a password."""
    app_id: str = field(repr=False)
    """What requests must have in `X-App-Id`."""
    app_token: str = field(repr=False)
    """What requests must have in `X-App-Token`."""
    timezone: str = "UTC"
    week_start: str = "monday"
    attributes: Mapping[str, str] | None = None
    locations: Mapping[str, Any] | None = None
    max_segment_bytes: int = 4 << 20
    """The largest body that describes a segment: a static one of 20,000 customers has about 1 MiB."""
    max_customer_bytes: int = 1 << 20
    """The largest body of one customer, and the longest line of many."""
    max_bulk_bytes: int = 16 << 20
    """The largest body of many customers."""
    max_bulk_lines: int = 20_000
    """The most lines in it: the store is locked while they are written, and a record of two bytes takes a thousand in memory."""
    max_pending_writes: int = 32
    """Requests that change something and may be under way at once; more are told to come again. Bounds memory: times `max_bulk_bytes`, and some."""
    patience_seconds: float = 30.0
    """How long a change waits for the ones before it; one that has not begun by then is told to come again."""
    busy_seconds: float = 5.0
    """How long a write waits for a store that another process has locked."""

    def __post_init__(self) -> None:
        if not self.database:
            raise SettingsError("a service has a store: the URL of a database, such as sqlite:///segments.db")
        missing = [name for name, value in ((APP_ID, self.app_id), (APP_TOKEN, self.app_token)) if not value]
        if missing:
            raise SettingsError(f"{' and '.join(missing)} must be set: the credentials that requests send in X-App-Id and X-App-Token")
        for name, value in ((APP_ID, self.app_id), (APP_TOKEN, self.app_token)):
            if not value.isascii() or not value.isprintable() or value != value.strip():
                raise SettingsError(f"{name} must be printable ASCII without spaces around it, since a header carries it")

    @classmethod
    def from_environment(cls, database: str, **others: Any) -> Self:
        """Settings with the credentials in the environment.

        Raises:
            SettingsError: A credential is not there.
        """
        return cls(database, os.environ.get(APP_ID, ""), os.environ.get(APP_TOKEN, ""), **others)

    def engine_options(self) -> dict[str, Any]:
        """What an engine takes besides segments."""
        return {"timezone": self.timezone, "week_start": self.week_start, "attributes": self.attributes, "locations": self.locations}
