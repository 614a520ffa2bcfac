"""Files that appear whole or not at all: written beside their place under a name of their own, and moved there when all is done."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["MARK", "Drafts"]

MARK = "run.json"
"""What a directory of output holds. A directory without it is not ours, and is never replaced."""


class Drafts:
    """What a run writes. Leaving the block by an exception leaves nothing behind; `publish` moves everything into place.

    A process that is killed leaves hidden files named `.NAME.….part`, never part of an output.
    """

    def __init__(self) -> None:
        self._moves: list[tuple[Path, Path]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for draft, _ in self._moves:
            _remove(draft)
        self._moves = []

    def file(self, place: Path) -> Path:
        """An empty file to write, which becomes `place`.

        Raises:
            OSError: It cannot be made there.
        """
        if place.is_dir():
            raise IsADirectoryError(21, "Is a directory", str(place))
        with _named(place):
            handle, name = tempfile.mkstemp(".part", f".{place.name}.", place.parent)
        os.fchmod(handle, 0o666 & ~_umask())
        os.close(handle)
        self._moves.append((Path(name), place))
        return Path(name)

    def directory(self, place: Path) -> Path:
        """An empty directory to write into, which becomes `place`.

        Raises:
            OSError: It cannot be made there, or something else than an earlier output is there.
        """
        if place.exists() and not (place / MARK).is_file():
            raise FileExistsError(17, f"exists and is no earlier output (it has no {MARK})", str(place))
        with _named(place):
            found = Path(tempfile.mkdtemp(".part", f".{place.name}.", place.parent))
        found.chmod(0o777 & ~_umask())
        self._moves.append((found, place))
        return found

    def publish(self) -> None:
        """Move everything into place, that which was asked for first last: the files beside an output are there before it."""
        for draft, _ in self._moves:
            for file in draft.iterdir() if draft.is_dir() else (draft,):
                with file.open("rb") as written:
                    os.fsync(written.fileno())
        while self._moves:
            draft, place = self._moves[-1]
            if draft.is_dir() and place.exists():
                former = Path(tempfile.mkdtemp(".part", f".{place.name}.", place.parent))
                try:
                    place.rename(former / place.name)
                    draft.rename(place)
                except BaseException:  # a signal too
                    if not place.exists():
                        (former / place.name).rename(place)
                    shutil.rmtree(former)
                    raise
                shutil.rmtree(former)
            else:
                draft.replace(place)
            self._moves.pop()


@contextmanager
def _named(place: Path) -> Iterator[None]:
    """Errors tell of the place, not of what is beside it for a while."""
    try:
        yield
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(place)) from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
