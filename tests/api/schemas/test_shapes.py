import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.api.schemas.shapes import integer, named, names_in, nullable, reachable, record, text

NAMES = st.sampled_from("ABCDE")
SCHEMAS = st.fixed_dictionaries(
    {
        name: st.lists(NAMES, max_size=3).map(lambda found: {"anyOf": [named(n) for n in found]})
        for name in "ABCDE"
    }
)


def test_a_record_requires_what_it_is_told_to() -> None:
    schema = record({"a": text()}, {"b": integer("How many.", minimum=0)})
    assert schema["required"] == ["a"]
    assert schema["properties"]["b"] == {"type": "integer", "description": "How many.", "minimum": 0}


def test_what_may_be_null_keeps_its_description_in_sight() -> None:
    assert nullable(text("A name.", minLength=1)) == {
        "description": "A name.",
        "anyOf": [{"type": "string", "minLength": 1}, {"type": "null"}],
    }


def test_names_are_found_at_any_depth() -> None:
    assert list(names_in([{"a": (named("A"),)}, {"b": {"c": [named("B"), {"$ref": "#/channels/x"}]}}])) == [
        "A",
        "B",
    ]


@given(SCHEMAS, NAMES)
def test_what_is_reachable_names_nothing_that_is_not(schemas: dict, name: str) -> None:
    found = reachable(named(name), schemas)
    assert name in found
    assert set(names_in(found)) <= set(found)
    for other in set(schemas) - set(found):
        assert all(other not in set(names_in(schema)) for schema in found.values())


def test_a_name_that_nothing_has_is_an_error() -> None:
    with pytest.raises(KeyError, match="Nobody"):
        reachable(record({"a": named("Nobody")}), {})
