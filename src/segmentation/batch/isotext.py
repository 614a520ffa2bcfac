"""ISO 8601 text, read in bulk: plain dates, and date-times with an offset, in the forms that software writes. All other text is for Python to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

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
_OFFSETS = (len("Z"), len("+hh:mm"))
_SECOND = 1_000_000
_ZERO = ord("0")


class IsoTexts(NamedTuple):
    """What some texts name, as far as that was read."""

    plain: Rows
    """The texts that are plain dates."""
    plain_days: Integers
    moments: Rows
    """The texts that are date-times, but those of the first and last year of the calendar, so that their days are in it in every zone."""
    instants: Integers
    written_days: Integers
    """The days of the date-times as they are written."""


def read_iso(texts: pa.Array) -> IsoTexts:
    """Read what can be read in bulk.

    Args:
        texts: A string array without nulls.
    """
    data, starts, stops = laid_out(texts)
    lengths = stops - starts
    rows = np.flatnonzero(lengths == _DATE)
    days, is_date = _days(_letters(data, starts[rows], _DATE))
    found = [(rows[:0], days[:0], days[:0])]
    for offset in _OFFSETS:
        for head in (_SECONDS, *range(_SECONDS + 2, _SECONDS + 2 + _DIGITS)):
            of_length = np.flatnonzero(lengths == head + offset)
            if len(of_length):
                instants, written_days, is_moment = _instants(_letters(data, starts[of_length], head + offset), head)
                found.append((of_length[is_moment], instants[is_moment], written_days[is_moment]))
    return IsoTexts(rows[is_date], days[is_date], *(np.concatenate(parts) for parts in zip(*found, strict=True)))


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


def _instants(letters: npt.NDArray[np.uint8], head: int) -> tuple[Integers, Integers, Bools]:
    """The instants of date-times that are so long but for their offset, their days as written, and whether they are such."""
    days, is_moment = _days(letters[:_DATE])
    is_moment &= (days > FIRST_DAY + 366) & (days < LAST_DAY - 366)
    for place, letter in ((_DATE, "T"), (13, ":"), (16, ":")):
        is_moment &= letters[place] == ord(letter)
    time, is_time = _sexagesimal(letters, (11, 14, 17))
    is_moment &= is_time
    instants = (days - EPOCH) * DAY + time * _SECOND
    if head > _SECONDS:
        number, are_digits = _number(letters[_SECONDS + 1 : head])
        is_moment &= are_digits & (letters[_SECONDS] == ord("."))
        instants += number * 10 ** (_DIGITS - (head - _SECONDS - 1))
    offset = letters[head:]
    if len(offset) == 1:
        is_moment &= offset[0] == ord("Z")
    else:
        minutes, are_digits = _sexagesimal(offset, (1, 4))
        is_moment &= are_digits & (offset[3] == ord(":")) & ((offset[0] == ord("+")) | (offset[0] == ord("-")))
        instants += np.where(offset[0] == ord("-"), minutes, -minutes) * (60 * _SECOND)
    return instants, days, is_moment


def _sexagesimal(letters: npt.NDArray[np.uint8], places: Sequence[int]) -> tuple[Integers, Bools]:
    """Hours and what follows them, in the smallest unit, each of two digits at its place; and whether there are such."""
    total, are_digits = _number(letters[places[0] : places[0] + 2])
    is_time = are_digits & (total < 24)  # noqa: PLR2004 - hours
    for place in places[1:]:
        number, are_digits = _number(letters[place : place + 2])
        is_time &= are_digits & (number < 60)  # noqa: PLR2004 - minutes, or seconds
        total = 60 * total + number
    return total, is_time
