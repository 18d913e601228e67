"""Lists in pages, with ids as cursors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import Depends, Query

from antiphon.catalog.ids import is_new_id


class HasId(Protocol):
    """What can be listed."""

    @property
    def id(self) -> str:
        """Names it; also where a page begins or ends."""
        ...


T = TypeVar("T", bound=HasId)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list a client wants."""

    limit: int
    starting_after: str | None
    ending_before: str | None


async def _page_request(
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    starting_after: str | None = None,
    ending_before: str | None = None,
) -> PageRequest:
    return PageRequest(limit, starting_after, ending_before)


PageDep = Annotated[PageRequest, Depends(_page_request)]
"""Parameter of a route that lists something."""


def page(
    entries: Sequence[T], asked: PageRequest, fields: Callable[[T], Mapping[str, Any]]
) -> dict[str, Any]:
    """A page of a list.

    Clients ask for what follows the last entry they have until a page is empty. So what follows a cursor that
    was never given out is nothing; what follows an entry that was deleted since is what followed it before.

    Args:
        entries: the whole list: what clients made, the newest first, before everything else.
        asked: which part.
        fields: what the page says of an entry.
    """
    first, last = 0, len(entries)
    if asked.starting_after:
        first = _newer(entries, asked.starting_after, last) + _has(entries, asked.starting_after)
    if asked.ending_before:
        last = max(first, _newer(entries, asked.ending_before, first))
        first = max(first, last - asked.limit)
    chosen = entries[first:last][: asked.limit]
    has_more = first > 0 if asked.ending_before else first + len(chosen) < last
    return {
        "data": [fields(entry) for entry in chosen],
        "has_more": has_more,
        "next_page": chosen[-1].id if chosen and has_more else None,
    }


def _newer(entries: Sequence[HasId], cursor: str, unknown: int) -> int:
    """How many entries stand before an id, be it there or deleted; ``unknown`` for one that never was."""
    if is_new_id(cursor):
        return sum(1 for entry in entries if is_new_id(entry.id) and entry.id > cursor)
    return next((place for place, entry in enumerate(entries) if entry.id == cursor), unknown)


def _has(entries: Sequence[HasId], cursor: str) -> bool:
    return any(entry.id == cursor for entry in entries)
