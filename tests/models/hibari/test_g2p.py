import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from antiphon.models.hibari.g2p import PAUSES, Phonemizer


@pytest.fixture(scope="session")
def phonemizer() -> Phonemizer:
    return Phonemizer()


def spoken(phonemizer: Phonemizer, text: str) -> dict[str, str]:
    reading = phonemizer.read(text)
    return {word.text: reading.symbols[word.start : word.end] for word in reading.words}


def test_a_plain_sentence_is_read_as_hibari_reads_it(phonemizer: Phonemizer) -> None:
    reading = phonemizer.read("  Hello there,\nyou two. ")
    assert reading.symbols == "həlˈO ðˈɛɹ, ju tˈu."
    assert [(word.text, reading.symbols[word.start : word.end]) for word in reading.words] == [
        ("Hello", "həlˈO"),
        ("there,", "ðˈɛɹ"),
        ("you", "ju"),
        ("two.", "tˈu"),
    ]


@pytest.mark.parametrize(
    ("text", "word", "symbols"),
    [
        ("It costs $5 now.", "$5", "fˈIv dˈɑləɹz"),
        ("At 5:30 pm sharp.", "5:30", "fˈIv θˈɜɹTi"),
        ("At 5:30 pm sharp.", "pm", "pˌiˈɛm"),
        ("Walk 5 km today.", "km", "kəlˈɑməTəɹz"),
        ("Call 555-1234 now.", "555-1234", "fˈIv fˈIv fˈIv, wˈʌn tˈu θɹˈi fˈɔɹ"),
        ("On 3/4/2024 we met.", "3/4/2024", "mˈɑɹʧ fˈɔɹθ, twˈɛnti twˈɛnti fˈɔɹ"),
        ("wow , nice", ",", ""),
        ("this | that", "|", ""),
        ("ten – twenty … done", "…", "…"),
    ],
)
def test_a_word_keeps_its_place_when_normalising_expands_or_drops_it(
    phonemizer: Phonemizer, text: str, word: str, symbols: str
) -> None:
    assert spoken(phonemizer, text)[word] == symbols


def test_link_markup_is_only_text(phonemizer: Phonemizer) -> None:
    assert spoken(phonemizer, "[two](/həlˈO/) it")["[two](/həlˈO/)"].startswith("tˈu")


def test_numbers_beyond_the_rules_are_spelt(phonemizer: Phonemizer) -> None:
    assert spoken(phonemizer, "9" * 50 + " done") == {"9" * 50: " ".join(["nˈIn"] * 50), "done": "dˈʌn"}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("word", ["-a" * 300, "aB" * 300, "1:" * 300])
def test_a_word_of_many_tokens_takes_no_minutes(phonemizer: Phonemizer, word: str) -> None:
    (span,) = phonemizer.read(word).words
    assert span.end > 300


@pytest.mark.parametrize("text", ["", " \n\t", "...", " — ", "😀 🎉", "?!"])
def test_nothing_to_speak_has_no_symbols(phonemizer: Phonemizer, text: str) -> None:
    reading = phonemizer.read(text)
    assert reading.symbols == ""
    assert [(word.text, word.start, word.end) for word in reading.words] == [(w, 0, 0) for w in text.split()]


ODD_WORDS = (
    *("Dr.", "St.", "No.", "Jan", "5", "$5", "£3m", "5:30pm", "3/4/2024", "2024-01-02", "50%", "10–20", "#1"),
    *("&", "=", "<", "²", "½", "١٢", "don't", "'tis", "[a](/b/)", "e.g.", "IV", "-", "--", "…", "“", "x²"),
    *("1'2", "a@b.com", "100°C", "km", "ok", ",", ".", ";", "|"),
)
pieces_of_text = st.one_of(st.text(max_size=8), st.sampled_from(ODD_WORDS))


@given(st.lists(pieces_of_text, max_size=12).map(" ".join))
@example("²")
@example("Henry VIII , No. 5 \x1c x")
@settings(deadline=None, max_examples=300)
def test_no_word_is_lost_or_doubled(phonemizer: Phonemizer, text: str) -> None:
    reading = phonemizer.read(text)
    assert [word.text for word in reading.words] == text.split()
    end = 0
    for word in reading.words:
        assert end <= word.start <= word.end <= len(reading.symbols)
        end = word.end
    covered = {i for word in reading.words for i in range(word.start, word.end)}
    assert all(i in covered for i, symbol in enumerate(reading.symbols) if symbol not in PAUSES)
    ids = phonemizer.ids(reading.symbols)
    assert (ids[0], ids[-1], len(ids)) == (0, 0, len(reading.symbols) + 2)


@given(st.text(alphabet="ab ,", max_size=60), st.integers(2, 12))
def test_pieces_join_to_the_whole(phonemizer: Phonemizer, symbols: str, longest: int) -> None:
    pieces = phonemizer.pieces(symbols, longest)
    assert "".join(symbols[start:end] for start, end in pieces) == symbols
    assert all(0 < end - start <= longest for start, end in pieces)


def test_pieces_end_behind_clauses_and_words(phonemizer: Phonemizer) -> None:
    symbols = "aaaa, bbb cccc dddddddddddd"
    assert [symbols[start:end] for start, end in phonemizer.pieces(symbols, 10)] == [
        "aaaa, ",
        "bbb cccc ",
        "dddddddddd",
        "dd",
    ]
