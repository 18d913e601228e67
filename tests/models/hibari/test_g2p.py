import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from antiphon.models.hibari.g2p import PAUSES, Phonemizer
from antiphon.models.protocols import Token


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


def test_times_are_told_by_token(phonemizer: Phonemizer) -> None:
    tokens = [Token("$5", 2), Token("|", 0), Token("now.")]
    reading = phonemizer.read("five dollars now. Bye", tokens)
    assert reading.symbols == phonemizer.read("five dollars now. Bye").symbols
    assert [(word.text, reading.symbols[word.start : word.end]) for word in reading.words] == [
        ("$5", "fˈIv dˈɑləɹz"),
        ("|", ""),
        ("now.", "nˈW"),
        ("Bye", "bˈI"),
    ]


def test_given_phonemes_are_spoken_and_known_to_the_words_around(phonemizer: Phonemizer) -> None:
    plain = phonemizer.read("the tin, he said")
    given = phonemizer.read("the tin, he said", [Token("the"), Token("<<eɪt>>,", 1, "eɪt")])
    assert plain.symbols == "ðə tˈɪn, hi sˈɛd"
    assert given.symbols == "ði ˈAt, hi sˈɛd"
    assert [word.text for word in given.words] == ["the", "<<eɪt>>,", "he", "said"]


def test_phonemes_of_several_words_keep_the_marks_around_them(phonemizer: Phonemizer) -> None:
    reading = phonemizer.read('in "New York" (5)', [Token("in"), Token("NY", 2, "nuː jɔːk")])
    assert reading.symbols.startswith("ɪn “nˈu jˈɔk” (fˈIv")
    assert [word.text for word in reading.words] == ["in", "NY", "(5)"]


def test_phonemes_of_no_known_sound_leave_the_word_as_it_is_read(phonemizer: Phonemizer) -> None:
    assert phonemizer.read("two", [Token("two", 1, "ʘ")]).symbols == "tˈu"


def test_numbers_beyond_the_rules_leave_given_phonemes_alone(phonemizer: Phonemizer) -> None:
    reading = phonemizer.read("9" * 50 + " cat done", [Token("nines"), Token("x", 1, "kɒt")])
    assert {word.text: reading.symbols[word.start : word.end] for word in reading.words} == {
        "nines": " ".join(["nˈIn"] * 50),
        "x": "kˈɑt",
        "done": "dˈʌn",
    }


@pytest.mark.parametrize(("text", "raw"), [("5 km away", "km"), ("No. 5", "No."), ("~", ""), ("a=b", "")])
def test_without_normalising_text_is_read_as_it_stands(phonemizer: Phonemizer, text: str, raw: str) -> None:
    reading = phonemizer.read(text, normalize=False)
    assert [word.text for word in reading.words] == text.split()
    if raw:
        assert reading.symbols != phonemizer.read(text).symbols


ODD_WORDS = (
    *("Dr.", "St.", "No.", "Jan", "5", "$5", "£3m", "5:30pm", "3/4/2024", "2024-01-02", "50%", "10–20", "#1"),
    *("&", "=", "<", "²", "½", "١٢", "don't", "'tis", "[a](/b/)", "e.g.", "IV", "-", "--", "…", "“", "x²"),
    *("1'2", "a@b.com", "100°C", "km", "ok", ",", ".", ";", "|"),
)
pieces_of_text = st.one_of(st.text(max_size=8), st.sampled_from(ODD_WORDS))


tokens_of_text = st.lists(
    st.builds(
        Token,
        text=st.text(max_size=3),
        words=st.integers(0, 3),
        phonemes=st.sampled_from(["", "kæt", "nuː jɔːk", "ʘ", "ˈ"]),
    ),
    max_size=8,
)


@given(st.lists(pieces_of_text, max_size=12).map(" ".join), tokens_of_text, st.booleans())
def test_every_token_is_told_in_order_and_its_name_is_not_heard(
    phonemizer: Phonemizer, text: str, tokens: list[Token], normalize: bool
) -> None:
    reading = phonemizer.read(text, tokens, normalize=normalize)
    named = [word.text for word in reading.words]
    assert named[: len(tokens)] == [token.text for token in tokens]
    beyond = max(0, len(text.split()) - sum(token.words for token in tokens))
    assert named[len(tokens) :] == text.split()[len(text.split()) - beyond :]
    assert all(a.end <= b.start for a, b in zip(reading.words, reading.words[1:], strict=False))
    renamed = [Token("?", token.words, token.phonemes) for token in tokens]
    assert phonemizer.read(text, renamed, normalize=normalize).symbols == reading.symbols


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
