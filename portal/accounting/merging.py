"""Three-way merge of one record, field by field, against the last state that both sides had. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

OURS, THEIRS, ASK, LEAVE = "ours", "theirs", "ask", "leave"
PUSH, PULL, BOTH = "push", "pull", "both"
Values = Mapping[str, str]  # field → value as text; a missing field is an empty one


@dataclass(frozen=True)
class Merged:
    """What is to be done so that both sides are equal again.

    take    field → value that changed there and is to be taken over here
    send    field → value that changed here and is to be sent there
    ask     field → (ours, theirs): both sides changed it, and a person decides
    common  what both sides have in common from now on; a field that is asked about keeps its old value
    """

    take: dict[str, str] = field(default_factory=dict)
    send: dict[str, str] = field(default_factory=dict)
    ask: dict[str, tuple[str, str]] = field(default_factory=dict)
    common: dict[str, str] = field(default_factory=dict)

    @property
    def is_equal(self) -> bool:
        return not (self.take or self.send or self.ask)


def merge(
    base: Values, ours: Values, theirs: Values, wins: Mapping[str, str], ways: Mapping[str, str] | None = None
) -> Merged:
    """
    base  the last common values
    wins  field → ours, theirs or ask: what counts when both sides changed it to different values; ask where missing
    ways  field → push (what changes there is no matter of ours), pull (theirs counts, whatever is here) or both, which
          is meant where missing
    """
    merged = Merged()
    for name in sorted({*base, *ours, *theirs}):
        before, here, there = (side.get(name, "") for side in (base, ours, theirs))
        # A field that is to be sent counts as theirs until it has arrived, so that it goes on counting as changed here.
        merged.common[name] = there
        if here == there:
            continue
        verdict = _verdict(before, here, there, wins.get(name, ASK), (ways or {}).get(name, BOTH))
        if verdict == THEIRS:
            merged.take[name] = there
        elif verdict == OURS:
            merged.send[name] = here
        elif verdict == LEAVE:
            merged.common[name] = before
        else:
            merged.ask[name] = (here, there)
            merged.common[name] = before
    return merged


def _verdict(before: str, here: str, there: str, winner: str, way: str) -> str:
    if way == PUSH:
        return LEAVE if here == before else OURS
    if way == PULL:
        return THEIRS
    if here == before:
        return THEIRS
    if there == before:
        return OURS
    return winner
