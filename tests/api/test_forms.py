import pytest

from antiphon.api.forms import nested


def test_brackets_make_objects_of_fields() -> None:
    fields = [
        ("voice[id]", "heart"),
        ("output_format[container]", "wav"),
        ("output_format[sample_rate]", "24000"),
        ("output_format[bit_rate]", ""),
        ("transcript", "1999"),
        ("language", ""),
    ]
    assert nested(fields) == {
        "voice": {"id": "heart"},
        "output_format": {"container": "wav", "sample_rate": 24000},
        "transcript": "1999",
    }


@pytest.mark.parametrize(
    "fields",
    [
        [("a[b]c", "x"), ("a[", "x"), ("[b]", "x"), ("a[b][c]", "x")],
        [("voice", "heart"), ("voice[id]", "other")],
    ],
)
def test_what_is_no_nested_field_stays_as_it_is(fields: list[tuple[str, str]]) -> None:
    values = nested(fields)
    assert all(isinstance(value, str) for value in values.values())


def test_the_last_of_several_values_counts_and_long_figures_stay_text() -> None:
    assert nested([("a", "1"), ("a", "2")]) == {"a": "2"}
    assert nested([("f[rate]", "9" * 10)]) == {"f": {"rate": "9" * 10}}
    assert nested([("f[rate]", "24000.0"), ("f[n]", "-1")]) == {"f": {"rate": "24000.0", "n": "-1"}}
