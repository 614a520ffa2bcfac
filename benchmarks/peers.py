"""The peers by name.

=======================  ============================================  ==========================================
peer                     entry point that is timed                     left out
=======================  ============================================  ==========================================
closures                 one hand-written closure a segment            nothing (it stands for plain Python)
datalogic-py             `Session.evaluate_many`, pre-parsed record    dates
panzi-json-logic         `jsonLogic` a rule                            dates, array lengths
rule-engine              `Rule.matches` a rule                         dates
zen-engine               one compiled array expression                 dates
flagsmith-flag-engine    `get_evaluation_result`, all segments         dates, arrays, text that reads as a number
growthbook               `evalCondition` a condition                   dates, array lengths
=======================  ============================================  ==========================================

"Left out" is what the translations here leave out; the share of segments that they cover is printed beside every figure,
and every translation is checked to give our answers, which are the reference's, on the benchmark's records before it is timed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from benchmarks.closures import Closures
from benchmarks.peer import Peer, PeerUnavailable
from benchmarks.peer_expressions import RuleEngine, Zen
from benchmarks.peer_flags import Flagsmith, Growthbook
from benchmarks.peer_jsonlogic import Datalogic, Panzi
from benchmarks.translation import Fact, facts_of

__all__ = ["PEERS", "ClosurePeer", "Peer", "PeerUnavailable", "facts_of", "make_peer"]


class ClosurePeer(Peer):
    """Naive closures as a peer: it says everything and needs no preparation."""

    name = "closures"
    distribution = ""

    def __init__(
        self,
        segments: Sequence[Mapping[str, Any]],
        facts: Mapping[str, Fact],
        *,
        now: datetime,
        attributes: Mapping[str, str],
    ) -> None:
        arrays = frozenset(key for key, fact in facts.items() if fact.kind == "array")
        self.closures = Closures(segments, now=now, attributes=attributes, arrays=arrays)
        super().__init__(segments, facts)
        self.timed = self.closures.evaluate_all

    def load(self) -> None:
        """Nothing to import."""

    def write(self, definition: Mapping[str, Any]) -> Any:
        """The filter itself; `Closures` compiled it."""
        return definition

    def matching(self, prepared: Any) -> list[str]:
        """Every closure in turn."""
        return self.closures.evaluate_all(prepared)

    def version(self) -> str:
        """The benchmarks' own."""
        return "-"


PEERS: Mapping[str, type[Peer]] = {peer.name: peer for peer in (ClosurePeer, Datalogic, Panzi, RuleEngine, Zen, Flagsmith, Growthbook)}


def make_peer(
    name: str,
    segments: Sequence[Mapping[str, Any]],
    facts: Mapping[str, Fact],
    *,
    now: datetime,
    attributes: Mapping[str, str],
) -> Peer:
    """A peer that holds the segments it can say.

    Raises:
        PeerUnavailable: when it is not installed.
    """
    kind = PEERS[name]
    if kind is ClosurePeer:
        return ClosurePeer(segments, facts, now=now, attributes=attributes)
    return kind(segments, facts)
