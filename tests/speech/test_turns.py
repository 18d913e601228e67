import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.contract.events import Ending, Event, Final, Partial, Voice
from antiphon.contract.jobs import AudioIn, EndOfAudio, RecognitionJob
from antiphon.engine.cost import Limits
from antiphon.engine.hearing import HearingEngine
from antiphon.speech.pauses import Likelihood, Pause
from antiphon.speech.turns import (
    FRAME_S,
    TurnEagerEnd,
    TurnEnd,
    TurnEvent,
    TurnResume,
    Turns,
    TurnSettings,
    TurnStart,
    TurnUpdate,
)
from support.hearing import LevelRecogniser, LevelTurns, LevelVAD, say

PAUSE_S = 0.32
HESITATION_S = 0.5
GRAMMAR = re.compile(r"(su*(eru*)*e?x)*(su*(eru*)*e?)?")
LETTERS = {TurnStart: "s", TurnUpdate: "u", TurnEagerEnd: "e", TurnResume: "r", TurnEnd: "x"}


def letters(events: Sequence[TurnEvent]) -> str:
    return "".join(LETTERS[type(event)] for event in events)


def texts(events: Sequence[TurnEvent]) -> list[str]:
    return [event.text for event in events if isinstance(event, TurnEnd)]


def linear(pause: Pause) -> float:
    """Falls from 1 to 0 in a second; in four after an even word (w2, w4 …), which leaves a sentence open."""
    open_ = pause.text[-1:] in tuple("02468")
    return max(0.0, 1.0 - pause.silence_s / (4.0 if open_ else 1.0))


def sounding(pause: Pause) -> float:
    """Falls in a second too, and at once where the pause sounds like an end."""
    return max(0.0, 1.0 - (pause.complete or 0.0) - pause.silence_s)


@dataclass
class Talk:
    """Turns that are told by hand what is heard."""

    settings: TurnSettings = field(default_factory=TurnSettings)
    likelihood: Likelihood = linear
    events: list[TurnEvent] = field(default_factory=list)
    frames: int = 0

    def __post_init__(self) -> None:
        self.turns = Turns(self.settings, pause_s=PAUSE_S, likelihood=self.likelihood)

    @property
    def now_s(self) -> float:
        return self.frames * FRAME_S

    def hear(self, probability: float, seconds: float) -> str:
        """Voice activity; the letters of what it leads to."""
        count = round(seconds / FRAME_S)
        self.frames += count
        return self._take(self.turns.voice(self.now_s, bytes([round(255 * probability)]) * count))

    def partial(self, text: str) -> str:
        return self._take(self.turns.partial(text, self.now_s))

    def final(self, text: str) -> str:
        return self._take(self.turns.final(text, self.now_s))

    def end(self) -> str:
        return self._take(self.turns.end())

    def say(self, text: str, seconds: float = 1.0) -> str:
        """An utterance, and the pause after which it is final."""
        heard = self.hear(1.0, seconds) + self.hear(0.0, PAUSE_S)
        return heard + self.final(text)

    def _take(self, events: list[TurnEvent]) -> str:
        self.events += events
        return letters(events)


voices = st.tuples(
    st.just("voice"), st.lists(st.sampled_from([0, 60, 100, 130, 190, 230, 255]), max_size=40).map(bytes)
)
spoken = st.tuples(st.sampled_from(["partial", "final"]), st.lists(st.sampled_from(["a", "B,", "c."])))
changes = st.tuples(
    st.just("config"),
    st.builds(
        TurnSettings,
        start=st.floats(0.61, 0.9),
        eager_end=st.floats(0.51, 0.6),
        end=st.floats(0.05, 0.5),
        end_timeout_s=st.floats(0.64, 11.2),
    ),
)
replays = st.tuples(st.just("replay"), st.integers(0, 50))


@settings(deadline=None)
@given(st.lists(st.one_of(voices, spoken, changes, replays), max_size=40), st.booleans())
def test_in_whatever_order_things_come_the_grammar_holds_and_text_only_grows(
    steps: list[tuple], ends: bool
) -> None:
    talk = Talk()
    for kind, what in steps:
        match kind:
            case "voice":
                talk.frames += len(what)
                talk._take(talk.turns.voice(talk.now_s, what))
            case "replay":
                talk.frames = max(0, talk.frames - what)
            case "config":
                talk.turns.configure(what, talk.now_s)
            case _:
                getattr(talk, kind)(" ".join(what))
    if ends:
        talk.end()
    told = letters(talk.events)
    assert GRAMMAR.fullmatch(told), told
    assert not ends or GRAMMAR.fullmatch(told + "s"), "a turn was left open"
    before = ""
    for event in talk.events:
        if isinstance(event, TurnStart):
            before = ""
        elif not isinstance(event, TurnResume):
            assert event.text.startswith(before)
            assert isinstance(event, TurnUpdate) == (event.text != before)
            before = event.text
    ended = "".join(texts(talk.events))
    assert ended == " ".join(ended.split())


def events_of(audio: np.ndarray, cuts: Sequence[int], judge: LevelTurns | None) -> list[TurnEvent]:
    """The turns of a stream, sent to a hearing engine in pieces."""
    turns = Turns(TurnSettings(), pause_s=HESITATION_S, likelihood=sounding if judge else linear)
    heard: list[TurnEvent] = []

    def take(event: Event) -> None:
        match event:
            case Voice():
                heard.extend(turns.voice(event.audio_s, event.frames))
            case Ending():
                turns.ending(event.audio_s, event.complete)
            case Partial():
                heard.extend(turns.partial(event.text[: event.certain], event.audio_s))
            case Final():
                heard.extend(turns.final(event.text, event.end_s))
            case _:
                pass

    engine = HearingEngine(
        LevelRecogniser(), LevelVAD(), limits=Limits(4), emit=take, released=lambda _: None, turns=judge
    )
    job = RecognitionJob(
        job="a",
        api="",
        model="levels",
        language="en",
        max_silence_s=PAUSE_S,
        hesitation_s=HESITATION_S,
        voice_activity=True,
    )
    engine.add(job)
    edges = sorted({0, len(audio), *(cut % len(audio) for cut in cuts)})
    for seq, (start, end) in enumerate(pairwise(edges)):
        engine.tell("a", AudioIn(0, seq, audio[start:end].tobytes()))
        while engine.busy:
            engine.step()
    engine.tell("a", EndOfAudio(0, len(edges) - 1))
    while engine.busy:
        engine.step()
    return heard + turns.end()


def test_words_that_were_told_before_speech_was_cut_behind_them_come_once() -> None:
    words = range(1, 96)
    gaps_s = [0.06 if word % 36 == 0 else 0.0 for word in words]  # too short to be pauses
    audio = np.concatenate([say(word, pause_s=gap_s) for word, gap_s in zip(words, gaps_s, strict=True)])
    audio = np.concatenate([audio, np.zeros(2 * 16_000, np.float32)])
    for cuts in ([], range(0, len(audio), 4_000)):
        assert "".join(texts(events_of(audio, cuts, None))) == " ".join(f"w{word}" for word in words)


scripts = st.lists(
    st.tuples(st.integers(1, 9), st.sampled_from([0.1, 0.2, 0.5, 0.75, 1.1, 2.0])), min_size=1, max_size=5
)


@settings(deadline=None, max_examples=40)
@given(scripts, st.lists(st.integers(0, 2**20), max_size=30), st.booleans())
def test_how_audio_is_cut_and_how_fast_it_comes_makes_no_difference_to_turns(
    script: list[tuple[int, float]], cuts: list[int], judged: bool
) -> None:
    audio = np.concatenate([say(word, pause_s=pause) for word, pause in script])
    judge = LevelTurns() if judged else None
    at_once, in_pieces = events_of(audio, [], judge), events_of(audio, cuts, judge)
    assert [e for e in in_pieces if not isinstance(e, TurnUpdate)] == [
        e for e in at_once if not isinstance(e, TurnUpdate)
    ]
    assert "".join(texts(at_once)) == " ".join(f"w{word}" for word, _ in script)


def test_a_turn_from_its_start_to_its_end() -> None:
    talk = Talk()
    assert talk.hear(0.0, 1.0) == ""
    assert talk.hear(1.0, 0.096) == "s"
    assert talk.partial("") == ""
    assert talk.partial("it was so") == "u"
    assert talk.hear(1.0, 1.0) == ""
    assert talk.hear(0.0, PAUSE_S) == ""
    assert talk.final("it was so late today1") == "u"
    assert talk.hear(0.0, 0.256) == ""
    assert talk.hear(0.0, 0.064) == "e"
    assert talk.hear(0.0, 0.128) == ""
    assert talk.hear(0.0, 0.096) == "x"
    assert talk.hear(0.0, 20.0) == ""
    assert talk.events[1:3] == [TurnUpdate("it was so"), TurnUpdate("it was so late today1")]
    assert talk.events[3:] == [TurnEagerEnd("it was so late today1"), TurnEnd("it was so late today1")]


def test_who_goes_on_after_an_eager_end_has_the_same_turn() -> None:
    talk = Talk()
    assert talk.say("so1") == "su"
    assert talk.hear(0.0, 0.35) == "e"
    assert talk.hear(1.0, 0.5) == "r"
    assert talk.hear(0.0, PAUSE_S) == ""
    assert talk.final("it was1") == "u"
    assert talk.hear(0.0, 1.0) == "ex"
    assert texts(talk.events) == ["so1 it was1"]


def test_an_open_sentence_waits_longer() -> None:
    finished, opened = Talk(), Talk()
    finished.say("so1")
    opened.say("so2")
    assert finished.hear(0.0, 1.0) == "ex"
    assert opened.hear(0.0, 1.0) == ""
    assert opened.hear(1.0, 0.5) == ""
    assert opened.hear(0.0, 4.0) == "ex"


def test_texts_of_turns_join_verbatim() -> None:
    talk = Talk()
    for text in ("so1", "it was1", "", "late1"):
        talk.say(text)
        talk.hear(0.0, 1.0)
    assert texts(talk.events) == ["so1", " it was1", "", " late1"]


def test_a_long_silence_ends_a_turn_whatever_the_likelihood() -> None:
    talk = Talk(TurnSettings(end_timeout_s=0.64))
    talk.say("so2")
    assert talk.hear(0.0, 0.64 - PAUSE_S - FRAME_S) == ""
    assert talk.hear(0.0, 2 * FRAME_S) == "x"


def test_a_click_begins_no_turn() -> None:
    talk = Talk()
    assert talk.hear(1.0, 2 * FRAME_S) + talk.hear(0.0, 2.0) == ""


@pytest.mark.parametrize(("level", "start", "told"), [(0.75, 0.8, ""), (0.75, 0.7, "s"), (0.95, 0.9, "s")])
def test_a_turn_begins_at_the_threshold(level: float, start: float, told: str) -> None:
    assert Talk(TurnSettings(start=start)).hear(level, 1.0) == told


def test_faint_speech_that_was_understood_is_a_turn_all_the_same() -> None:
    talk = Talk()
    assert talk.hear(0.6, 1.0) + talk.hear(0.0, PAUSE_S) == ""
    assert talk.final("so1") == "su"
    assert talk.hear(0.0, 0.35) == "e"
    assert talk.hear(0.6, 1.0) + talk.hear(0.0, PAUSE_S) == ""
    assert talk.final("it was1") == "ru"
    assert talk.hear(0.0, 1.0) == "ex"


def test_speech_that_nobody_detected_but_the_recogniser_gets_the_time_of_a_turn() -> None:
    talk = Talk()
    talk.hear(0.0, 60.0)
    assert talk.final("so1") == "su"
    assert talk.hear(0.0, 0.1) == ""
    assert talk.hear(0.0, 1.0) == "ex"


def test_the_end_of_the_stream_ends_an_open_turn_and_no_other() -> None:
    talk = Talk()
    assert talk.end() == ""
    talk.hear(1.0, 1.0)
    talk.final("so1")
    assert talk.end() == "x"
    assert talk.end() == ""
    assert talk.events[-1] == TurnEnd("so1")


def test_settings_hold_from_their_place_in_the_stream_on() -> None:
    talk = Talk()
    talk.turns.configure(TurnSettings(start=0.9), 1.0)
    talk.turns.configure(TurnSettings(start=0.5), 2.0)
    assert talk.hear(0.7, 2.0) == ""
    assert talk.hear(0.7, FRAME_S) == "s"


def test_a_flood_of_settings_is_not_kept() -> None:
    talk = Talk()
    for i in range(1000):
        talk.turns.configure(TurnSettings(end_timeout_s=1 + i / 1000), 0.0)
    assert len(talk.turns._changes) == 1
    talk.say("so2")
    assert talk.hear(0.0, 1.9 - PAUSE_S) == ""
    assert talk.hear(0.0, 0.2) == "x"


def test_what_was_heard_before_is_passed_over() -> None:
    talk = Talk()
    talk.say("so2")
    talk.hear(0.0, 1.0)
    talk.frames -= round(1.5 / FRAME_S)  # another worker takes over, and hears from there
    assert talk.hear(1.0, 1.5) == ""
    assert talk.hear(0.0, 4.0) == "ex"


def test_a_pause_that_sounds_like_an_end_ends_the_turn_with_its_text() -> None:
    talk = Talk(likelihood=sounding)
    talk.hear(1.0, 1.0)
    assert talk.hear(0.0, 0.192) == ""
    talk.turns.ending(talk.now_s, 0.9)
    assert talk.hear(0.0, 0.032) == "", "its text is not known yet"
    assert talk.final("so1") == "ux"


def test_one_that_does_not_lasts_and_is_judged_anew_after_more_speech() -> None:
    talk = Talk(likelihood=sounding)
    talk.hear(1.0, 1.0)
    talk.hear(0.0, 0.192)
    talk.turns.ending(talk.now_s, 0.1)
    assert talk.hear(0.0, 0.3) == ""
    assert talk.final("so") == "u"
    assert talk.hear(1.0, 0.5) == ""
    assert talk.hear(0.0, 0.5) == "", "what the last pause sounded like is forgotten"
    talk.turns.ending(talk.now_s, 0.9)
    assert talk.final("it was") == "ux"
    assert texts(talk.events) == ["so it was"]


def test_what_the_recogniser_thinks_of_the_end_holds_for_this_pause_alone() -> None:
    seen: list[tuple[float | None, bool]] = []

    def watch(pause: Pause) -> float:
        seen.append((pause.closed, pause.continued))
        return 1.0

    talk = Talk(likelihood=watch)
    talk.hear(1.0, 1.0)
    talk.hear(0.0, 0.192)
    talk.turns.final("so.", talk.now_s, 5.0)
    talk.hear(0.0, 0.5)
    assert set(seen) == {(5.0, False)}
    talk.hear(1.0, 0.5)
    seen.clear()
    talk.hear(0.0, 1.0)
    assert set(seen) == {(None, False)}
    seen.clear()
    talk.turns.final("it was.", talk.now_s, 3.0)
    assert set(seen) == {(3.0, True)}


def test_a_pause_that_was_over_when_it_was_judged_counts_no_more() -> None:
    talk = Talk(likelihood=sounding)
    talk.hear(1.0, 1.0)
    at_s = talk.now_s
    talk.hear(0.0, 0.2)
    talk.hear(1.0, 0.5)
    talk.turns.ending(at_s, 0.9)
    talk.hear(0.0, PAUSE_S)
    assert talk.final("so") == "u"
