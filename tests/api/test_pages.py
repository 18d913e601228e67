from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from antiphon.api.pages import PageRequest, page
from antiphon.catalog.ids import is_new_id, new_id


@dataclass(frozen=True)
class Entry:
    id: str


MADE = sorted((new_id() for _ in range(12)), reverse=True)
LOCAL = [f"local-{number}" for number in range(4)]
LISTS = (
    st.sets(st.sampled_from(MADE))
    .map(lambda made: sorted(made, reverse=True))
    .flatmap(lambda made: st.integers(0, len(LOCAL)).map(lambda count: [*made, *LOCAL[:count]]))
)
LIMITS = st.integers(1, 5)


def ask(ids: list[str], limit: int, **cursor: str) -> dict[str, Any]:
    asked = PageRequest(limit, cursor.get("starting_after"), cursor.get("ending_before"))
    return page([Entry(each) for each in ids], asked, lambda entry: {"id": entry.id})


def ids_of(body: dict[str, Any]) -> list[str]:
    return [each["id"] for each in body["data"]]


@given(LISTS, LIMITS)
def test_pages_join_to_the_list_both_ways(ids: list[str], limit: int) -> None:
    body, seen = ask(ids, limit), []
    while body["data"]:
        seen += ids_of(body)
        assert body["has_more"] == (len(seen) < len(ids))
        assert body["next_page"] == (seen[-1] if body["has_more"] else None)
        body = ask(ids, limit, starting_after=seen[-1])
    assert seen == ids
    if not ids:
        return
    back = [ids[-1]]
    while (body := ask(ids, limit, ending_before=back[0]))["data"]:
        back = [*ids_of(body), *back]
        assert body["has_more"] == (len(back) < len(ids))
    assert back == ids


@given(LISTS, LIMITS, st.data())
def test_what_is_deleted_meanwhile_hides_nothing(ids: list[str], limit: int, data: st.DataObject) -> None:
    left, seen, cursor = list(ids), [], {}
    while found := ids_of(ask(left, limit, **cursor)):
        seen += found
        cursor = {"starting_after": found[-1]}
        gone = data.draw(st.sets(st.sampled_from(found)))
        left = [each for each in left if each not in gone or not is_new_id(each)]
    assert seen == ids


@given(LISTS, LIMITS, st.text())
def test_an_unknown_cursor_ends_it(ids: list[str], limit: int, cursor: str) -> None:
    if cursor and cursor not in ids:
        for name in ("starting_after", "ending_before"):
            assert ask(ids, limit, **{name: cursor}) == {"data": [], "has_more": False, "next_page": None}
