from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from antiphon.text.markup import (
    LONGEST_PHONEMES,
    Break,
    Expression,
    Item,
    Markup,
    Speed,
    Text,
    Volume,
)


def items(*pushes: str) -> list[Item]:
    """All items of a text, with the texts that follow each other joined."""
    markup = Markup()
    found = [item for text in pushes for item in markup.push(text)] + markup.flush()
    joined: list[Item] = []
    for item in found:
        last = joined[-1] if joined else None
        if isinstance(item, Text) and isinstance(last, Text) and item.plain and last.plain:
            joined[-1] = Text(last.text + item.text)
        elif isinstance(item, Text) and isinstance(last, Text) and item.spelled and last.spelled:
            joined[-1] = Text(last.text + item.text, spelled=True)
        else:
            joined.append(item)
    return joined


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello.", [Text("Hello.")]),
        ('<speed ratio="1.5"/>Hi', [Speed(1.5), Text("Hi")]),
        ("Hi <VOLUME  ratio = '0.5' />you", [Text("Hi "), Volume(0.5), Text("you")]),
        ('<speed\nratio="1.2"></speed>', [Speed(1.2)]),
        ('<emotion value="angry"/>No!', [Expression("emotion"), Text("No!")]),
        ('a<break time="1s"/>b<break time="200ms"/>', [Text("a"), Break(1.0), Text("b"), Break(0.2)]),
        ('<break time="1.5"/><break time=".5s"/><break time=2s/>', [Break(1.5), Break(0.5), Break(2.0)]),
        ("<break time=“1s”/>", [Break(1.0)]),
        ("My code is <spell>AB 1</spell>.", [Text("My code is "), Text("AB 1", spelled=True), Text(".")]),
        ("<spell>A<break time='1s'/>B", [Text("A", spelled=True), Break(1.0), Text("B", spelled=True)]),
        ("Ha [laughter] ha", [Text("Ha "), Expression("laughter"), Text(" ha")]),
        ("the <<k|æ|t>>.", [Text("the "), Text("<<k|æ|t>>", phonemes="kæt"), Text(".")]),
        # What can't be read does nothing.
        ("a<speed/>b", [Text("ab")]),
        ('a<speed ratio="fast"/>b', [Text("ab")]),
        ('a<speed time="1s"/>b', [Text("ab")]),
        ('a<break time="-1s"/>b', [Text("ab")]),
        ('a<break time="1h"/>b', [Text("ab")]),
        ("a<break>b</break>", [Text("ab")]),
        ("a</spell>b<<||>>c", [Text("abc")]),
        # What is no tag is text.
        ("3 < 5 and 5 > 3", [Text("3 < 5 and 5 > 3")]),
        ("I <3 you [sic] <b>so</b>", [Text("I <3 you [sic] <b>so</b>")]),
        ("<breakfast/> x << 2 <<a b>>", [Text("<breakfast/> x << 2 <<a b>>")]),
        ("[laugh] <", [Text("[laugh] <")]),
        ("<<break>", [Text("<")]),
        ("<<" + "a" * (LONGEST_PHONEMES + 1) + ">>", [Text("<<" + "a" * (LONGEST_PHONEMES + 1) + ">>")]),
        ("Hello <bre", [Text("Hello <bre")]),
        # But the beginning of a tag that the end cuts off.
        ('Hello <break time="1', [Text("Hello ")]),
        ("Hello <<k|æ", [Text("Hello <<k|æ")]),
    ],
)
def test_tags_are_parted_from_text(text: str, expected: list[Item]) -> None:
    assert items(text) == expected
    assert items(*text) == expected


TAGS = [
    *('<speed ratio="1.5"/>', '<volume ratio="0.5"/>', '<emotion value="sad"/>', '<break time="1s"/>'),
    *("<spell>", "</spell>", "[laughter]", "<<k|æ|t>>", "<<", ">>", "<", ">", "[", "]", "/", "spell"),
    *("break", " ", "a", "<speed ", 'ratio="', '"', "k|", "<br"),
]
TEXTS = st.lists(st.sampled_from(TAGS) | st.text("<>[]/ sbk", max_size=4), max_size=12).map("".join)


@given(TEXTS, st.data())
@example("<<break>>", None)
@example("<<break>", None)
def test_cutting_into_pushes_changes_nothing(text: str, data: st.DataObject | None) -> None:
    if data is None:
        pushes = list(text)
    else:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
        pushes = [text[a:b] for a, b in pairwise([0, *cuts, len(text)])]
    assert items(*pushes) == items(text)


@given(TEXTS)
def test_no_character_is_lost_but_in_tags(text: str) -> None:
    spoken = "".join(item.text for item in items(text) if isinstance(item, Text))
    rest = iter(text)
    assert all(character in rest for character in spoken)


@given(st.text("<>[]abc ", max_size=30))
def test_text_without_tags_comes_back(text: str) -> None:
    assert items(text) == ([Text(text)] if text else []) or "<<" in text


@pytest.mark.parametrize("text", ["a < b", "a [b", "a <3", "Well<x", "<<a b"])
def test_only_what_may_become_a_tag_is_held_back(text: str) -> None:
    markup = Markup()
    markup.push(text)
    assert markup.held == ""


def test_spelling_ends_with_the_text() -> None:
    markup = Markup()
    markup.push("<spell>AB")
    markup.flush()
    assert markup.push("word") == [Text("word")]
