"""The default model's lexicon can say what a reading makes: no sign and no figure is left to it."""

import pytest

from antiphon.models.hibari.g2p import PAUSES, Phonemizer
from antiphon.text.reading import read
from support.readings import CASES


@pytest.fixture(scope="module")
def phonemizer() -> Phonemizer:
    return Phonemizer()


@pytest.mark.parametrize(("written", "spoken"), CASES, ids=[written for written, _ in CASES])
def test_every_word_spoken_has_phonemes(phonemizer: Phonemizer, written: str, spoken: str) -> None:
    text = " ".join(part.spoken for part in read(written, "en"))
    reading = phonemizer.read(text, normalize=False)
    silent = [
        word.text
        for word in reading.words
        if any(c.isalnum() for c in word.text) and not set(reading.symbols[word.start : word.end]) - PAUSES
    ]
    assert not silent
    assert bool(reading.symbols) == bool(spoken)


@pytest.mark.parametrize(
    ("written", "phonemes"),
    [
        ("FBI", "ˌɛfbˌiˈI"),
        ("the USA", "ðə jˌuˌɛsˈA"),
        ("size A4", "sˈIz ˈA fˈɔɹ"),
        ("He said no.", "hˌi sˈɛd nˈO."),
        ("Dr. Lee", "dˈɑktəɹ lˈi"),
        ("3 p.m.", "θɹˈi pˌiˈɛm"),
    ],
)
def test_letters_and_short_forms_sound_right(phonemizer: Phonemizer, written: str, phonemes: str) -> None:
    text = " ".join(part.spoken for part in read(written, "en"))
    assert phonemizer.read(text, normalize=False).symbols == phonemes
