"""Key terms: how they are spelled, judged and put into the text."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.audio.resample import resample
from antiphon.models.moonshine import MoonshineModel
from antiphon.models.moonshine.branches import Branches
from antiphon.models.moonshine.encoder import Stem
from antiphon.models.moonshine.keyterms import Terms, first_tokens
from antiphon.models.protocols import NO_HINTS, Hints, Samples, Token, Transcript, Utterance
from antiphon.models.registry import load_tts
from antiphon.models.store import ModelStore

UNSAID = (
    *("Kovalenko", "Xarelto", "Okeechobee", "Siobhan", "Grafana", "levothyroxine", "Bartholomew Okafor"),
    *("Przemysl", "Anneliese", "Zscaler", "call and response", "Tucumcari", "Nginx", "Villanueva"),
)
pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def spoken(store: ModelStore) -> Samples:
    """A name that the model spells in its own way, said rightly."""
    tts = load_tts("hibari", store)
    words = [*map(Token, ("I", "spoke", "with")), Token("Kovalenko", 1, "kˌoʊvəlˈɛŋkoʊ")]
    text = "I spoke with Kovalenko about the contract this morning."
    state = tts.start(Utterance(text, tts.voices[0], "en", tokens=words))
    [samples] = tts.step([state], [state.total_frames])
    return resample(samples, tts.sample_rate, 16_000)


@pytest.fixture
def runs(moonshine: MoonshineModel, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The tokens of each run of the decoder's graph."""
    counted: list[int] = []
    session = moonshine._decoder.session

    class Counting:
        def run(self, outputs: Any, inputs: Any) -> Any:
            counted.append(inputs["tokens"].size)
            return session.run(outputs, inputs)

    monkeypatch.setattr(moonshine._decoder, "session", Counting())
    return counted


def hear(model: MoonshineModel, samples: Samples, *terms: str, timed: bool = False) -> Transcript:
    state = model.start(Hints("en", terms) if terms else NO_HINTS)
    [transcript] = model.step([state], [samples], word_timestamps=[timed])
    return transcript


@settings(deadline=None)
@given(st.text(max_size=20))
def test_a_word_is_spelled_as_it_is_written(moonshine: MoonshineModel, word: str) -> None:
    word = " ".join(word.split()).replace("\u2581", "")
    assert moonshine._vocabulary.text(moonshine._vocabulary.spell(word)) == word.strip()


def test_words_are_spelled_as_the_model_spells_them(moonshine: MoonshineModel, clips: list) -> None:
    text = hear(moonshine, clips[0].samples).text
    state = moonshine.start()
    moonshine.step([state], [clips[0].samples], word_timestamps=[False])
    assert moonshine._vocabulary.spell(text) == state.path.tokens


def test_terms_begin_and_end_where_words_do(moonshine: MoonshineModel) -> None:
    vocabulary = moonshine._vocabulary
    tokens = vocabulary.spell("Is Covalenko's here? No.")
    terms = Terms(["call  back", "call back", "?!"], vocabulary)
    places = list(terms.places(tokens))
    assert [vocabulary.text(tokens[:at]) for at, _ in places] == [
        "",
        "Is",
        "Is Covalenko's",
        "Is Covalenko's here?",
    ]
    assert [[vocabulary.text(term.tokens) for term in written] for _, written in places] == [
        ["Call back"],
        ["call back"],
        ["call back"],
        ["Call back"],
    ]
    ends = [vocabulary.text(tokens[:end]) for end, _ in terms.ends(tokens)]
    assert ends == ["Is", "Is Covalenko", "Is Covalenko's", "Is Covalenko's here", "Is Covalenko's here? No"]


def test_a_branch_is_as_probable_as_when_it_was_written(moonshine: MoonshineModel, clips: list) -> None:
    memory = moonshine._encoder.encode(clips[1].samples, 4_800, Stem())
    [path] = moonshine._decoder.decode([memory], [60], [[]])
    tokens = path.tokens
    branches = Branches(moonshine._decoder.session, memory, {*tokens, 77})
    branches.follow(0, tokens[:6])
    branches.follow(3, [77, 77])
    branches.run()
    branches.follow(6, tokens[6:])
    branches.run()
    branches.run()  # nothing is new
    assert branches.log_probability(0, tokens) == pytest.approx(sum(path.log_probabilities[:-1]), abs=0.3)
    assert branches.log_probability(3, [77]) < path.log_probabilities[3]
    np.testing.assert_allclose(branches.looks(0, tokens), path.looks, atol=0.1)


def test_a_name_is_written_as_the_client_does(moonshine: MoonshineModel, spoken: Samples) -> None:
    plain = hear(moonshine, spoken, timed=True)
    text = hear(moonshine, spoken, "Kovalenko", timed=True)
    assert "Kovalenko" not in plain.text
    assert text.text == "I spoke with Kovalenko about the contract this morning."
    before = {word.text: (word.start, word.end) for word in plain.words}
    for word in text.words:
        start, end = before.get(word.text, before.get("Covalenko", (0, 0)))
        assert abs(word.start - start) <= 1_600
        assert abs(word.end - end) <= 1_600


def test_terms_do_not_hang_on_how_often_the_window_was_heard(
    moonshine: MoonshineModel, spoken: Samples
) -> None:
    state = moonshine.start(Hints("en", (*UNSAID, "Kovalenko")))
    texts = [
        moonshine.step([state], [spoken[:end]], word_timestamps=[False])[0].text
        for end in (*range(16_000, len(spoken), 9_000), len(spoken))
    ]
    assert texts[-1] == hear(moonshine, spoken, *UNSAID, "Kovalenko").text
    assert any("Kovalenko" in text for text in texts[:-1])


def test_what_nobody_says_is_not_put_in(moonshine: MoonshineModel, clips: list) -> None:
    for clip in clips:
        assert hear(moonshine, clip.samples, *UNSAID).text == hear(moonshine, clip.samples).text


def test_a_neighbour_with_terms_changes_nothing(
    moonshine: MoonshineModel, clips: list, spoken: Samples
) -> None:
    windows = [clips[0].samples, spoken, clips[0].samples]
    plain = [moonshine.start() for _ in windows]
    mixed = [
        moonshine.start(),
        moonshine.start(Hints("en", ("Kovalenko",))),
        moonshine.start(Hints("en", UNSAID)),
    ]
    without = moonshine.step(plain, windows, word_timestamps=[True] * 3)
    with_terms = moonshine.step(mixed, windows, word_timestamps=[True] * 3)
    assert with_terms[0] == without[0]
    assert with_terms[2] == without[2]
    assert with_terms[1].text == without[1].text.replace("Covalenko", "Kovalenko")


def test_without_terms_nothing_more_is_run(moonshine: MoonshineModel, runs: list[int], clips: list) -> None:
    hear(moonshine, clips[0].samples)
    plain = list(runs)
    runs.clear()
    hear(moonshine, clips[0].samples, "?!")
    assert runs == plain
    runs.clear()
    hear(moonshine, clips[0].samples, *UNSAID)
    assert runs[: len(plain)] == plain
    assert len(runs) <= len(plain) + 2


def test_a_hundred_terms_are_looked_at_in_two_runs(
    moonshine: MoonshineModel, runs: list[int], spoken: Samples
) -> None:
    hear(moonshine, spoken)
    plain = len(runs)
    runs.clear()
    terms = [*UNSAID, "Kovalenko", *(f"{a}oval{b}nko" for a in "KCGQ" for b in ("e", "a", "i", "o", "u"))]
    hear(moonshine, spoken, *terms, *(f"term {n}" for n in range(100 - len(terms))))
    assert plain < len(runs) <= plain + 2
    assert sum(runs[plain:]) < 120


def test_first_tokens_are_those_of_all_streams(moonshine: MoonshineModel) -> None:
    one, other = (Terms([word], moonshine._vocabulary) for word in ("Antiphon", "antiphon"))
    assert first_tokens([None, one, other]).tolist() == sorted({*one.firsts.tolist(), *other.firsts.tolist()})
    assert first_tokens([None]).size == 0
