import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from antiphon.errors import BadRequest
from antiphon.speech.context import MAX_BREAK_S, Action, Context, End, FlushDone, Pause, Speak
from antiphon.speech.style import Manner, Style
from antiphon.text.markup import Text
from antiphon.text.segments import MAX_CHARS, is_speakable


def due(context: Context, now: float = 0.0) -> list[Action]:
    actions: list[Action] = []
    while action := context.next_action(now):
        actions.append(action)
    return actions


def collecting() -> Context:
    return Context(buffer_delay_s=3.0)


def passing() -> Context:
    """The client does its own buffering."""
    return Context(buffer_delay_s=0.0)


def test_one_input_is_spoken_and_ends() -> None:
    context = collecting()
    context.append("Hello there. How are you?", more=False, flush=False, now=0.0)
    assert due(context) == [Speak(0, "Hello there.", 1), Speak(1, " How are you?", 1), End()]
    assert due(context, 100.0) == []
    assert context.wake_at() is None
    assert context.closed


def test_tokens_are_joined_verbatim_and_a_sentence_is_due_when_the_next_begins() -> None:
    context = collecting()
    for token in ["Hel", "lo", " wor", "ld."]:
        context.append(token, more=True, flush=False, now=0.0)
        assert due(context) == []
    context.append(" Nice", more=True, flush=False, now=0.0)
    assert due(context) == [Speak(0, "Hello world.", 1)]
    assert not context.closed


def test_the_rest_is_due_when_no_text_came_for_the_delay() -> None:
    context = collecting()
    assert context.wake_at() is None
    context.append("Hello", more=True, flush=False, now=10.0)
    assert context.wake_at() == 13.0
    context.append(" there", more=True, flush=False, now=12.0)
    assert context.wake_at() == 15.0
    assert due(context, 14.9) == []
    assert due(context, 15.0) == [Speak(0, "Hello there", 1)]
    assert context.wake_at() is None


def test_an_empty_input_does_not_put_off_the_rest() -> None:
    context = collecting()
    context.append("Hello", more=True, flush=False, now=0.0)
    context.append("", more=True, flush=False, now=2.0)
    assert context.wake_at() == 3.0


def test_text_that_came_after_the_delay_does_not_join_what_was_due() -> None:
    context = collecting()
    context.append("Hello", more=True, flush=False, now=0.0)
    context.append(" there. Yes", more=True, flush=False, now=3.5)
    assert due(context, 3.5) == [Speak(0, "Hello", 1), Speak(1, " there.", 1)]
    assert context.wake_at() == 6.5


def test_without_delay_every_input_is_due_as_sent() -> None:
    context = passing()
    context.append("Hello, my na", more=True, flush=False, now=0.0)
    assert due(context) == [Speak(0, "Hello, my na", 1)]
    context.append("me is Dr. No. And yours? ", more=True, flush=False, now=0.0)
    assert due(context) == [Speak(1, "me is Dr. No.", 1), Speak(2, " And yours? ", 1)]
    assert context.wake_at() is None


def test_without_delay_long_input_is_still_cut() -> None:
    context = passing()
    context.append("word " * 200, more=True, flush=False, now=0.0)
    spoken = [action for action in due(context) if isinstance(action, Speak)]
    assert len(spoken) > 3
    assert all(len(action.text) <= MAX_CHARS for action in spoken)


@pytest.mark.parametrize("last", ["", " ", "\n", "."])
@pytest.mark.parametrize("make", [collecting, passing])
def test_the_last_input_may_be_blank(make: Callable[[], Context], last: str) -> None:
    context = make()
    context.append("Hello world. ", more=True, flush=False, now=0.0)
    context.append(last, more=False, flush=False, now=0.1)
    *spoken, end = due(context, 0.1)
    assert len(spoken) == 1
    assert isinstance(spoken[0], Speak)
    assert spoken[0].text.startswith("Hello world.")
    assert end == End()


def test_blank_text_between_joins_what_follows() -> None:
    context = passing()
    context.append("One", more=True, flush=False, now=0.0)
    context.append(" ", more=True, flush=False, now=0.0)
    context.append("(", more=True, flush=False, now=0.0)
    context.append("two)", more=False, flush=False, now=0.0)
    assert due(context) == [Speak(0, "One", 1), Speak(1, " (two)", 1), End()]


def test_blank_text_alone_wakes_nobody() -> None:
    context = collecting()
    context.append(" ", more=True, flush=False, now=0.0)
    assert context.wake_at() is None
    assert due(context, 100.0) == []


@pytest.mark.parametrize("texts", [[""], [" "], ["", ""], [" ", "\n", "..."]])
@pytest.mark.parametrize("make", [collecting, passing])
def test_a_context_of_blank_text_alone_is_refused_when_it_closes(
    make: Callable[[], Context], texts: list[str]
) -> None:
    context = make()
    for text in texts[:-1]:
        context.append(text, more=True, flush=False, now=0.0)
    with pytest.raises(BadRequest, match=r"^No valid transcripts passed$"):
        context.append(texts[-1], more=False, flush=False, now=0.0)
    assert context.closed
    assert due(context, 100.0) == []


def test_a_flush_generates_everything_before_it() -> None:
    context = collecting()
    context.append("Hello the", more=True, flush=False, now=0.0)
    context.append("re. Bye", more=True, flush=True, now=0.0)
    assert due(context) == [Speak(0, "Hello there.", 1), Speak(1, " Bye", 1), FlushDone(1)]
    context.append(" now", more=True, flush=False, now=0.0)
    context.append("", more=True, flush=True, now=0.0)
    context.append("End.", more=False, flush=False, now=0.0)
    assert due(context) == [Speak(2, " now", 2), FlushDone(2), Speak(3, "End.", 3), End()]


def test_a_flush_of_nothing_is_answered() -> None:
    context = collecting()
    context.append("", more=True, flush=True, now=0.0)
    context.append("Hello", more=False, flush=True, now=0.0)
    assert due(context) == [FlushDone(1), Speak(0, "Hello", 2), FlushDone(2), End()]


@pytest.mark.parametrize("flush", [False, True])
def test_no_input_after_the_last(flush: bool) -> None:
    context = collecting()
    context.append("Hello", more=False, flush=False, now=0.0)
    with pytest.raises(BadRequest, match="already received its last input"):
        context.append("", more=True, flush=flush, now=0.0)
    assert due(context) == [Speak(0, "Hello", 1), End()]


def test_cancel_drops_everything() -> None:
    context = collecting()
    context.append("Hello there. How are", more=True, flush=False, now=0.0)
    assert context.next_action(0.0) == Speak(0, "Hello there.", 1)
    context.append(" you? I am", more=True, flush=True, now=0.0)
    context.cancel()
    assert context.closed
    assert context.wake_at() is None
    assert due(context, 100.0) == []
    with pytest.raises(BadRequest):
        context.append("fine", more=True, flush=False, now=0.0)


FAST = Style(speed=1.5)


def test_a_break_ends_the_segment_and_is_an_action_of_its_own() -> None:
    context = collecting()
    context.append('Well <break time="1s"/>', more=True, flush=False, now=0.0)
    assert due(context) == [Speak(0, "Well ", 1), Pause(1.0, 1)]
    context.append(' now<break time="99s"/>.', more=True, flush=True, now=0.0)
    assert due(context) == [Speak(1, " now", 1), Pause(MAX_BREAK_S, 1), FlushDone(1)]
    context.append('<break time="200ms"/>', more=False, flush=False, now=0.0)
    assert due(context) == [Pause(0.2, 2), End()]


def test_tags_of_style_end_the_segment_only_if_they_change_it() -> None:
    context = collecting()
    context.append(
        'a<speed ratio="1.5"/>b <speed ratio="1.5"/>c<volume ratio="0.1"/>d', more=False, flush=False, now=0
    )
    assert due(context) == [
        Speak(0, "a", 1),
        Speak(1, "b c", 1, FAST),
        Speak(2, "d", 1, Style(speed=1.5, volume=0.5)),
        End(),
    ]


def test_blanks_before_a_tag_go_with_what_follows() -> None:
    context = collecting()
    context.append(' <speed ratio="1.5"/>(b', more=False, flush=False, now=0)
    assert due(context) == [Speak(0, " (b", 1, FAST), End()]


def test_an_input_changes_the_manner_from_its_text_on() -> None:
    context = collecting()
    context.append("a ", more=True, flush=False, now=0.0, manner=Manner(speed=1.5))
    context.append("b ", more=True, flush=False, now=0.0, manner=Manner(speed=1.5))
    context.append("", more=True, flush=False, now=0.0, manner=Manner(speed=0.7))
    context.append("c ", more=True, flush=False, now=0.0)
    context.append("d", more=False, flush=False, now=0.0, manner=Manner(speed=0.7))
    assert due(context) == [Speak(0, "a b c ", 1, FAST), Speak(1, "d", 1, Style(speed=0.7)), End()]


def test_what_inputs_repeat_does_not_undo_a_tag() -> None:
    context = passing()
    manner = Manner(speed=0.8, volume=1.0)
    context.append('a<speed ratio="1.5"/>', more=True, flush=False, now=0.0, manner=manner)
    context.append("b", more=False, flush=False, now=0.0, manner=manner)
    assert [a.style.speed for a in due(context) if isinstance(a, Speak)] == [0.8, 1.5]


def test_a_duration_gives_the_pace_of_its_input_alone() -> None:
    context = passing()
    context.append("four", more=True, flush=False, now=0.0, manner=Manner(duration_s=2.0))
    context.append("more", more=False, flush=False, now=0.0)
    assert [a.style.pace_s for a in due(context) if isinstance(a, Speak)] == [0.5, None]


def test_marked_parts_are_found_in_the_segments() -> None:
    context = collecting()
    for token in ["One. The ", "<<k|", "æ|t>> <sp", "ell>A. B. C", "</spell>! Two."]:
        context.append(token, more=True, flush=False, now=0.0)
    context.append("", more=False, flush=False, now=0.0)
    spoken = [action for action in due(context) if isinstance(action, Speak)]
    cat = Text("<<k|æ|t>>", phonemes="kæt")
    assert spoken[0] == Speak(0, "One.", 1)
    assert spoken[1].parts[:3] == (Text(" The "), cat, Text(" "))
    assert "".join(part.text for action in spoken for part in action.parts if part.spelled) == "A. B. C"
    assert spoken[-1].parts in ((), (Text("C", spelled=True), Text("!")))


def test_the_beginning_of_a_tag_waits_and_becomes_text_at_a_flush() -> None:
    context = passing()
    context.append("a <", more=True, flush=False, now=0.0)
    assert due(context) == [Speak(0, "a ", 1)]
    assert context.waiting_chars == 1
    context.append("", more=True, flush=True, now=0.0)
    context.append("3", more=False, flush=False, now=0.0)
    assert due(context) == [FlushDone(1), Speak(1, "<3", 2), End()]


def test_what_waits_is_counted_until_it_is_taken() -> None:
    context = collecting()
    context.append('One. <speed ratio="1.5"/>Two', more=True, flush=False, now=0.0)
    assert context.waiting_chars == len("One. Two")
    context.append("<br", more=True, flush=False, now=0.0)
    assert context.waiting_chars == len("One. Two<br")
    context.append('eak time="1s"/>', more=True, flush=True, now=0.0)
    due(context)
    assert context.waiting_chars == 0


def test_expressions_are_left_out_and_remembered() -> None:
    context = collecting()
    context.append('ha [laughter]<emotion value="sad"/>!', more=False, flush=False, now=0.0)
    assert due(context) == [Speak(0, "ha !", 1), End()]
    assert context.expressions == {"emotion", "laughter"}


def test_tags_with_nothing_to_speak_are_refused() -> None:
    context = collecting()
    with pytest.raises(BadRequest):
        context.append('[laughter] <speed ratio="1.5"/>', more=False, flush=False, now=0.0)


@dataclass(frozen=True)
class Input:
    text: str
    flush: bool
    wait_s: float


TAGS = [
    '<speed ratio="1.5"/>',
    '<break time="1s"/>',
    "<spell>A1 b</spell>",
    "<<k|æ|t>>",
    '<volume ratio="1"/>',
]
FRAGMENTS = st.sampled_from(TAGS) | st.sampled_from(
    ["Hello", " there", ". ", "Dr", ".", " ", "\n", "! ", "世界。", "word " * 70, " " * 300, "😊"]
)
INPUTS = st.lists(
    st.builds(
        Input,
        text=st.lists(FRAGMENTS, max_size=6).map("".join),
        flush=st.booleans(),
        wait_s=st.sampled_from([0.0, 0.5, 1.0, 2.5]),
    ),
    min_size=1,
    max_size=8,
)

TAG = re.compile(r"</?(?:speed|break|spell|volume)[^<>]*>")


def run(inputs: list[Input], delay_s: float, polls: list[bool]) -> list[Action]:
    """Actions of a context that is asked for them after some of the inputs only, and at the end."""
    context = Context(buffer_delay_s=delay_s)
    actions: list[Action] = []
    now = 0.0
    for i, (given_input, poll) in enumerate(zip(inputs, polls, strict=True)):
        last = i == len(inputs) - 1
        context.append(given_input.text, more=not last, flush=given_input.flush, now=now)
        now += given_input.wait_s
        if poll:
            actions += due(context, now)
    return actions + due(context, now)


@given(INPUTS, st.sampled_from([0.0, 1.0, 3.0]), st.data())
def test_order_text_and_polling(inputs: list[Input], delay_s: float, data: st.DataObject) -> None:
    assume(any(is_speakable(TAG.sub("", each.text)) for each in inputs))
    polls = data.draw(st.lists(st.booleans(), min_size=len(inputs), max_size=len(inputs)))
    actions = run(inputs, delay_s, polls)
    assert actions == run(inputs, delay_s, [False] * len(inputs))

    spoken = [action for action in actions if isinstance(action, Speak)]
    flushes = [action.flush_id for action in actions if isinstance(action, FlushDone)]
    assert [action.index for action in spoken] == list(range(len(spoken)))
    assert flushes == list(range(1, sum(each.flush for each in inputs) + 1))
    assert actions[-1] == End()
    assert actions.count(End()) == 1
    ids = [action.flush_id for action in actions if not isinstance(action, End)]
    assert all(before <= after for before, after in pairwise(ids))
    assert all(is_speakable(action.text) for action in spoken)

    def voiced(text: str) -> list[str]:
        return [character for character in text if is_speakable(character)]

    written = TAG.sub("", "".join(each.text for each in inputs))
    assert voiced("".join(action.text for action in spoken)) == voiced(written)
    for action in spoken:
        assert "".join(part.text for part in action.parts) in ("", action.text)
