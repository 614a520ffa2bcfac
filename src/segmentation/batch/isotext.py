"""ISO 8601 text, read in bulk: plain dates, and date-times in UTC, in the forms that software writes. All other text is for Python to read."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentation.batch.bitmaps import Bools, Rows
from segmentation.batch.dates import EPOCH, Integers
from segmentation.batch.haystack import laid_out
from segmentation.language.dates import DAY, FIRST_DAY, LAST_DAY

__all__ = ["IsoTexts", "read_iso"]

_DATE, _SECONDS = len("YYYY-MM-DD"), len("YYYY-MM-DDThh:mm:ss")
_DIGITS = 6  # of a fraction, at most
_UTC = (b"Z", b"+00:00")
_ZERO = ord("0")


class IsoTexts(NamedTuple):
    """What some texts name, as far as that was read."""

    plain: Rows
    """The texts that are plain dates."""
    plain_days: Integers
    moments: Rows
    """The texts that are date-times in UTC, but those of the first and last year of the calendar, so that their days are in it in every zone."""
    instants: Integers

    @property
    def written_days(self) -> Integers:
        """The days of the date-times as they are written."""
        return self.instants // DAY + EPOCH


def read_iso(texts: pa.Array) -> IsoTexts:
    """Read what can be read in bulk.

    Args:
        texts: A string array without nulls.
    """
    data, starts, stops = laid_out(texts)
    lengths = stops - starts
    rows = np.flatnonzero(lengths == _DATE)
    days, is_date = _days(_letters(data, starts[rows], _DATE))
    found: list[tuple[Rows, Integers]] = []
    for suffix in _UTC:
        for head in (_SECONDS, *range(_SECONDS + 2, _SECONDS + 2 + _DIGITS)):
            of_length = np.flatnonzero(lengths == head + len(suffix))
            if len(of_length):
                instants, is_moment = _instants(_letters(data, starts[of_length], head + len(suffix)), head, suffix)
                found.append((of_length[is_moment], instants[is_moment]))
    moments, instants = (np.concatenate(parts) for parts in zip(*found, strict=True)) if found else (rows[:0], days[:0])
    return IsoTexts(rows[is_date], days[is_date], moments, instants)


def _letters(data: npt.NDArray[np.uint8], starts: Integers, length: int) -> npt.NDArray[np.uint8]:
    """The bytes of texts of one length, shape (length, texts)."""
    return np.stack([data[starts + step] for step in range(length)])


def _number(letters: npt.NDArray[np.uint8]) -> tuple[Integers, Bools]:
    """The numbers that neighbouring bytes are, and whether all are digits."""
    number, are_digits = np.zeros(letters.shape[1], np.int64), np.ones(letters.shape[1], np.bool_)
    for letter in letters:
        digit = letter - np.uint8(_ZERO)  # what comes before 0 wraps around
        are_digits &= digit <= 9  # noqa: PLR2004 - a digit
        number = 10 * number + digit
    return number, are_digits


def _days(letters: npt.NDArray[np.uint8]) -> tuple[Integers, Bools]:
    """The days of `YYYY-MM-DD`, and whether there are such."""
    (year, is_year), (month, is_month), (day, is_day) = (_number(letters[first:stop]) for first, stop in ((0, 4), (5, 7), (8, 10)))
    is_date = is_year & is_month & is_day & (letters[4] == ord("-")) & (letters[7] == ord("-"))
    is_date &= (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)  # noqa: PLR2004 - months
    months = np.where(is_date, 12 * (year - 1970) + month - 1, 0)
    firsts, nexts = (shifted.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) for shifted in (months, months + 1))
    is_date &= day <= nexts - firsts
    return firsts + day - 1 + EPOCH, is_date


def _instants(letters: npt.NDArray[np.uint8], head: int, suffix: bytes) -> tuple[Integers, Bools]:
    """The instants of date-times that are so long but for their suffix, and whether they are such."""
    days, is_moment = _days(letters[:_DATE])
    is_moment &= (days > FIRST_DAY + 366) & (days < LAST_DAY - 366)
    for place, letter in ((_DATE, "T"), (13, ":"), (16, ":"), *((head + step, chr(byte)) for step, byte in enumerate(suffix))):
        is_moment &= letters[place] == ord(letter)
    total: Any = np.zeros(letters.shape[1], np.int64)
    for first, most in ((11, 24), (14, 60), (17, 60)):
        number, are_digits = _number(letters[first : first + 2])
        is_moment &= are_digits & (number < most)
        total = most * total + number
    total *= 1_000_000
    if head > _SECONDS:
        number, are_digits = _number(letters[_SECONDS + 1 : head])
        is_moment &= are_digits & (letters[_SECONDS] == ord("."))
        total += number * 10 ** (_DIGITS - (head - _SECONDS - 1))
    return (days - EPOCH) * DAY + total, is_moment
