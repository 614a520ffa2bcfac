"""A run as pictures: sizes of segments, overlaps, empty and identical segments, changes since another run; one HTML page that needs nothing else, or PNG.

Needs the extra `report`.
"""

from __future__ import annotations

import base64
import io
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from segmentation.model import SimpleSegment
from segmentation.offline.changes import Changes
from segmentation.offline.drafts import Drafts
from segmentation.offline.runs import Roster, Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Findings", "findings_of", "write_report"]

_BARS = 40
"""Segments that a bar chart shows; of more, the largest."""
_OVERLAPS = 25
"""Segments whose overlaps are shown, the largest."""
_ROWS = 2_000
"""Rows of the table of all segments."""
_DARK = 0.6
"""From this share on, numbers are white."""
_BLUE, _RED = "#2f6db0", "#c1553b"


@dataclass(frozen=True, slots=True)
class Findings:
    """What a report shows."""

    run: Run
    largest: Sequence[SimpleSegment]
    """The segments whose overlaps are known."""
    overlaps: npt.NDArray[np.int64]
    """Shape (largest, largest): the customers in both."""
    identical: Sequence[Sequence[SimpleSegment]]
    """Groups of segments that have the same members, some at least."""
    changes: Mapping[str, Counter[str]] | None
    """By segment, how often each type of change, or its cause, occurs; None: of one run alone."""
    since: str | None

    @property
    def empty(self) -> list[SimpleSegment]:
        """The segments without members."""
        return [segment for segment in self.run.segments.values() if not self.run.members[segment.id]]


def findings_of(run: Run, old: Run | None = None) -> Findings:
    """Look at a run, and at what changed since an older one.

    Args:
        run: The run.
        old: The older one.
    """
    ordered = sorted(run.segments.values(), key=lambda segment: -run.members[segment.id])
    largest = [segment for segment in ordered[:_OVERLAPS] if run.members[segment.id]]
    overlaps, identical = _shared(run, ordered, len(largest))
    tallies = None if old is None else Changes(old, run).tallies
    return Findings(run, largest, overlaps, identical, tallies, None if old is None else old.summary["now"])


def _shared(run: Run, ordered: Sequence[SimpleSegment], largest: int) -> tuple[npt.NDArray[np.int64], list[list[SimpleSegment]]]:
    """How many customers two of the largest segments share, and which of all segments have the same members.

    Members are the same when they are as many and two sums over them, of 64 random bits for each customer, are the same.
    """
    roster = Roster([run], [segment.id for segment in ordered])
    marks = np.random.default_rng(1).integers(0, 1 << 64, (len(roster.ids), 2), np.uint64)
    sums = np.zeros((len(ordered), 3), np.uint64)
    sets: Counter[int] = Counter()  # how many customers are in each set of the largest segments, a bit for each
    for (keys,) in roster.parts():
        customers, places = roster.split(keys)
        np.add.at(sums[:, 0], places, np.uint64(1))
        for column in (0, 1):
            np.add.at(sums[:, 1 + column], places, marks[customers, column])
        is_of_largest = places < largest
        bits = np.left_shift(1, places[is_of_largest])
        is_first = np.flatnonzero(np.diff(customers[is_of_largest], prepend=-1))
        found, counts = np.unique(np.add.reduceat(bits, is_first) if len(bits) else bits, return_counts=True)
        sets.update(dict(zip(found.tolist(), counts.tolist(), strict=True)))
    inside = (np.fromiter(sets, np.int64, len(sets))[:, None] >> np.arange(largest)) & 1
    overlaps = (inside * np.fromiter(sets.values(), np.int64, len(sets))[:, None]).T @ inside
    groups: dict[tuple[int, ...], list[SimpleSegment]] = {}
    for segment, known in zip(ordered, sums.tolist(), strict=True):
        groups.setdefault(tuple(known), []).append(segment)
    return overlaps, [group for key, group in groups.items() if key[0] and len(group) > 1]


def _short(text: str, length: int = 34) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in text).replace("$", r"\$")
    return plain if len(plain) <= length else plain[: length - 1] + "…"


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure  # noqa: PLC0415 - the only importer; not pyplot, which would look for a screen

    return Figure(figsize=(width, height), layout="constrained")


def sizes_figure(findings: Findings) -> Figure:
    """Bars of the largest segments, or, of many, also the sizes of all by rank."""
    run = findings.run
    ordered = sorted(run.segments.values(), key=lambda segment: -run.members[segment.id])
    shown = ordered[:_BARS]
    is_more = len(ordered) > len(shown)
    figure = _figure(10, 1.6 + 0.24 * len(shown) + (3 if is_more else 0))
    axes: Any = figure.subplots(2 if is_more else 1, 1, squeeze=False, height_ratios=[max(1, 0.24 * len(shown)), 2.6] if is_more else [1])
    bars = axes[0][0]
    counts = [run.members[segment.id] for segment in shown]
    bars.barh(range(len(shown)), counts, color=_BLUE)
    bars.set_yticks(range(len(shown)), [_short(segment.name or segment.id) for segment in shown], fontsize=8)
    bars.set_ylim(len(shown) - 0.4, -0.6)
    bars.set_xlim(0, max([*counts, 1]) * 1.16)
    customers = max(1, run.summary["customers"])
    for place, count in enumerate(counts):
        bars.text(count, place, f"\N{NO-BREAK SPACE}{count:,} ({count / customers:.1%})", va="center", fontsize=7)
    bars.set_title(f"The {len(shown)} largest of {len(ordered)} segments" if is_more else "Members of each segment")
    bars.set_xlabel("customers")
    bars.xaxis.set_major_formatter("{x:,.0f}")
    if is_more:
        rest = axes[1][0]
        rest.plot(range(1, len(ordered) + 1), [run.members[segment.id] for segment in ordered], color=_BLUE)
        rest.set_yscale("symlog")
        rest.set_ylim(bottom=0)
        rest.set_title("All segments by size")
        rest.set_xlabel("rank")
        rest.set_ylabel("customers")
        rest.grid(visible=True, alpha=0.3)
    return figure


def overlaps_figure(findings: Findings) -> Figure:
    """A heat map: of the members of the row's segment, the share that is also in the column's."""
    count = len(findings.largest)
    figure = _figure(max(7.0, 4 + 0.34 * count), 3 + 0.3 * count)
    axes: Any = figure.subplots()
    sizes = np.maximum(1, np.diag(findings.overlaps))
    shares = findings.overlaps / sizes[:, None]
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names = [_short(segment.name or segment.id, 26) for segment in findings.largest]
    axes.set_xticks(range(count), names, rotation=60, ha="right", rotation_mode="anchor", fontsize=7)
    axes.set_yticks(range(count), names, fontsize=7)
    for row in range(count):
        for column in range(count):
            axes.text(
                column,
                row,
                f"{shares[row, column]:.0%}".rstrip("%"),
                ha="center",
                va="center",
                fontsize=6,
                color="white" if shares[row, column] > _DARK else "black",
            )
    which = f"the {count} largest segments" if len(findings.run.segments) > count else "all with members"
    axes.set_title(f"Of 100 members of the row, so many are in the column\n({which})", fontsize=10)
    figure.colorbar(image, shrink=0.6, format=lambda share, _: f"{share:.0%}")
    return figure


def changes_figure(findings: Findings) -> Figure:
    """Who entered to the right, who left to the left, of the segments that changed most."""
    tallies = findings.changes or {}
    known = {**findings.run.segments}
    ordered = sorted(tallies, key=lambda segment: -sum(tallies[segment].values()))[:_BARS]
    figure = _figure(10, 1.6 + 0.24 * max(4, len(ordered)))
    axes: Any = figure.subplots()
    axes.barh(range(len(ordered)), [tallies[segment]["entered"] for segment in ordered], color=_BLUE, label="entered")
    axes.barh(range(len(ordered)), [-tallies[segment]["left"] for segment in ordered], color=_RED, label="left")
    axes.set_yticks(range(len(ordered)), [_short((known[segment].name if segment in known else "") or segment) for segment in ordered], fontsize=8)
    axes.set_ylim(max(1, len(ordered)) - 0.4, -0.6)
    axes.axvline(0, color="black", linewidth=0.6)
    axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):,.0f}")
    axes.set_xlabel("customers")
    most = f"\n(the {_BARS} segments that changed most of {len(tallies)})" if len(tallies) > _BARS else ""
    axes.set_title(f"Entered and left since {_moment(findings.since)}{most}", fontsize=10)
    figure.legend(loc="outside lower right", ncols=2, frameon=False)  # beside the axis, over no bar
    return figure


def write_report(findings: Findings, output: str | Path) -> list[Path]:
    """Write a page, or pictures.

    Args:
        findings: What to show.
        output: A name that ends in `.html`, for a page that holds everything; or in `.png`, for the sizes, and beside it `NAME.overlaps.png` and
            `NAME.changes.png`.

    Returns:
        The files.

    Raises:
        ValueError: The name ends otherwise.
        OSError: It cannot be written.
    """
    place = Path(output)
    if place.suffix not in {".html", ".png"}:
        raise ValueError("a report is written to a name that ends in .html or .png")
    figures = {"sizes": sizes_figure(findings)}
    if findings.largest:
        figures["overlaps"] = overlaps_figure(findings)
    if findings.changes is not None:
        figures["changes"] = changes_figure(findings)
    pictures = {name: _picture(figure, "svg" if place.suffix == ".html" else "png") for name, figure in figures.items()}
    if place.suffix == ".html":
        contents = {place: _page(findings, pictures).encode("utf-8", "replace")}
    else:
        contents = {place if name == "sizes" else place.with_name(f"{place.stem}.{name}.png"): picture for name, picture in pictures.items()}
    with Drafts() as drafts:
        for path, content in contents.items():
            drafts.file(path).write_bytes(content)
        drafts.publish()
    return list(contents)


def _picture(figure: Figure, form: Literal["png", "svg"]) -> bytes:
    """A picture; in SVG text stays text, so that whoever looks at it has names in the fonts of their own, in every script."""
    from matplotlib import rc_context  # noqa: PLC0415 - see _figure

    target = io.BytesIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "segmentation"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph .* missing from font", UserWarning)
        figure.savefig(target, format=form, dpi=120, metadata={"Software": None} if form == "png" else {"Date": None, "Creator": None})
    return target.getvalue()


_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
img { max-width: 100%; } table { border-collapse: collapse; } td, th { padding: .15rem .8rem .15rem 0; border-bottom: 1px solid #ddd; text-align: left; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; } code { color: #555; } .k { color: #555; }
"""


def _page(findings: Findings, pictures: Mapping[str, bytes]) -> str:
    summary = findings.run.summary
    moment = _moment(summary["now"])
    titles = {"sizes": "Sizes", "overlaps": "Overlaps", "changes": "Changes"}
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>",
        f"<title>Segments at {moment}</title><style>{_STYLE}</style>",
        f"<h1>Segments at {moment}</h1>",
        f"<p>{summary['customers']:,} customers, {len(findings.run.segments):,} segments.",
        f"{summary['rejected']:,} rows were rejected, {summary['duplicate_ids']:,} customers have an id that occurred before.</p>",
    ]
    for name, picture in pictures.items():
        data = base64.b64encode(picture).decode("ascii")
        parts.append(f"<h2>{titles[name]}</h2><img alt='{titles[name]}' src='data:image/svg+xml;base64,{data}'>")
    parts.append(f"<h2>Empty segments</h2>{_listed(findings.empty)}")
    parts.append("<h2>Segments with identical members</h2>")
    groups = "".join(f"<li>{findings.run.members[group[0].id]:,} members: {', '.join(map(_named, group))}</li>" for group in findings.identical)
    parts.append(f"<ul>{groups}</ul>" if groups else "<p>None.</p>")
    parts.append(_table(findings))
    return "\n".join(parts) + "\n"


def _moment(written: str | None) -> str:
    return "" if written is None else datetime.fromisoformat(written).isoformat(" ", "seconds")


def _named(segment: SimpleSegment) -> str:
    return f"{escape(segment.name)} <code>{escape(segment.id)}</code>"


def _listed(segments: Sequence[SimpleSegment]) -> str:
    return "<ul>" + "".join(f"<li>{_named(segment)}</li>" for segment in segments) + "</ul>" if segments else "<p>None.</p>"


def _table(findings: Findings) -> str:
    run, tallies = findings.run, findings.changes
    customers = max(1, run.summary["customers"])
    heads = "<th>Segment<th class='n'>Members<th class='n'>Share" + ("" if tallies is None else "<th class='n'>Entered<th class='n'>Left")
    rows = []
    for segment in sorted(run.segments.values(), key=lambda segment: -run.members[segment.id])[:_ROWS]:
        count = run.members[segment.id]
        row = f"<tr><td>{_named(segment)}<td class='n'>{count:,}<td class='n'>{count / customers:.2%}"
        if tallies is not None:
            tally = tallies.get(segment.id, Counter())
            row += f"<td class='n'>{tally['entered']:,}<td class='n'>{tally['left']:,}"
        rows.append(row)
    more = f"<p>And {len(run.segments) - _ROWS:,} smaller ones.</p>" if len(run.segments) > _ROWS else ""
    return f"<h2>All segments</h2><table><tr>{heads}{''.join(rows)}</table>{more}"
