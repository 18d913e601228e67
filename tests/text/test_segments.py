import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.text.segments import MAX_CHARS, Segmenter, is_speakable

# Each "|" is a cut; blanks lead the segment after them.
CASES = {
    "plain": [
        "",
        " ",
        "Hello",
        "Hello.",
        "Hello. ",
        "  Hello there.",
        "Hello.| World.",
        "Hello.|  World.",
        "Hi!| How are you?| I am fine.",
        "hello there.| how are you?| fine.",
        "What?| No.",
        "What?!| No way!!!| Yes.",
        "It works.|\tReally.",
        "no punctuation at all here just words",
        "HELLO EVERYBODY.| THIS IS LOUD!| OK.",
        "I have 3.| You have 4.",
        "That was in 1999.| 20 people came.",
        "Nothing follows.   ",
        "Hello. ---",
        "Hello world .| This goes on",
        "She came first; he followed: both won.",
    ],
    "decimals, versions, addresses": [
        "Pi is 3.14.| Euler is 2.71.",
        "It costs $3.50.| Cheap!",
        "Version 2.0.1.| Next one is 3.",
        "Use Node.js today.| It works.",
        "Visit example.com.| Next.",
        "See https://example.com/a.b?c=d!e.| Then go.",
        "Mail me at jane.doe@example.co.uk.| Thanks.",
        "Open file.txt and read.me now.",
        "The address is 192.168.0.1.| Ping it.",
        "Growth was 5.5%.| Good.",
        "Section 4.2.1 says no.",
    ],
    "abbreviations": [
        "Dr. Smith is here.| Mr. Jones left.",
        "DR. SMITH IS HERE.| GOOD.",
        "Mrs. Robinson and Ms. Lee met Prof. Xu.",
        "Gen. Lee rode on.",
        "One more rep.| Then rest.",
        "Use a tool, e.g. a saw.| Then stop.",
        "Use it, i.e. The Tool.",
        "Cats vs. Dogs is on.",
        "Ask No. 5 first.",
        "Ask him?| No.| I won't.",
        "See fig. 3 and p. 12, vol. 2.",
        "On Jan. 5 we met.| It rained.",
        "Bring apples, pears, etc. and water.",
        "Bring apples, pears, etc.| Water is there.",
        "Apple Inc. makes phones.",
        "I work at Apple Inc.| It is big.",
        "Acme Co. Ltd. grew.",
        "I work at Apple Inc.| The",
        "I work at Apple Inc. Theo",
        "We met at 5 p.m.| The room was full.",
        "We met at 5 p.m. and left.",
        "At 9 a.m. Monday it opens.",
        "Born in the U.S.| He moved away.",
        "The U.S. Government agreed.",
        "She has a Ph.D. in physics.",
        "She has a Ph.D.| She teaches.",
        "He lives on Main St.| It is quiet.",
        "We saw St. Paul there.",
        "Martin Luther King Jr. spoke.",
        "Smith et al. found it.",
        "He is 6 ft. tall.| Wow.",
        "It runs (approx. 5 km) daily.",
        "Read it (e.g. tonight).| Then sleep.",
    ],
    "initials": [
        "J. K. Rowling wrote it.| I read it.",
        "George W. Bush spoke.",
        "J.K. Rowling wrote it.",
        "Say hi to J. A. Smith.",
        "We need plan B.| The first one failed.",
        "It was you and I.| They left.",
    ],
    "ellipses": [
        "Well... maybe later.",
        "Well...| Maybe later.",
        "Wait...what?| No.",
        "I see… and then it went.",
        "I see…| Then it went.",
        "...and so it began.| The end.",
        "No .| . . never mind.",
    ],
    "quotes": [
        "He said 'Stop!' and left.",
        'He said "Stop!" and left.| Then I left.',
        'He said "Stop."| She stopped.',
        "“Where are you?” asked Tom.| “Here.”| He waved.",
        "“Stop!” — he said.| Nobody did.",
        "„Halt.“| Dann ging er.",
        "It's Joe's.| He said so.",
        '"Really?".| Yes.',
        "**Bold claim.**| Next one.",
    ],
    "brackets": [
        "He left (it was late).| She stayed.",
        "(It was late.)| She stayed.",
        "He (really! yes) did it.| Good.",
        "He (really?) did it.| Good.",
        "It works [1].| Really.",
    ],
    "lists and lines": [
        "First line|\nSecond line",
        "First line.|\nSecond line.",
        "First.|\n\nSecond.",
        "First|\r\nSecond",
        "Title|\n\n1. Apples|\n2. Pears|\n3.14 is pi",
        "1. Open it.| 2. Close it.| 3. Done.",
        "1.2. Scope.| It is wide.",
        "a. First|\nb. Second",
        "iv. Fourth.| Good.",
        "1) One|\n2) Two",
        "Items:|\n- milk|\n- eggs|\n\nDone.",
        "* one|\n* two",
        "Text.|\n---\nMore text.",
        "Done. --|\nNext.",
        "Bring apples, etc.|\nand pears",
        "One|\u2028Two",
        "\n\nHello.| World.",
    ],
    "emoji and symbols": [
        "Great 🎉 job everyone",
        "Thanks! 😊| See you.",
        "Thanks!😊| See you.",
        "Thanks! 👩‍👩‍👧 ❤️| see you.",
        "Thanks! 😊",
        "It rose 5 %.| Good.",
        "Pay.| $5 is due.",
        "So #1 won.| #2 lost.",
    ],
    "other scripts": [
        "你好。|世界！|好吗？",
        "今天很好。| 明天呢？",
        "他说：“你好。”|她笑了。",
        "「止まれ。」と彼は言った。|そして去った。",
        "寒い。|とても寒い。",
        "これはペンです。|あれは本です。",
        "Привет.| Как дела?| Хорошо.",
        "А. С. Пушкин писал.",
        "नमस्ते।| आप कैसे हैं?",
        "مرحبا؟| نعم.",
        "¿Qué tal?| ¡Muy bien!| Gracias.",
        "C'est bon.| Élan vital.",
    ],
}


def cut(text: str) -> list[str]:
    segmenter = Segmenter()
    return segmenter.push(text) + segmenter.flush()


def cut_in_pieces(pieces: list[str]) -> list[str]:
    segmenter = Segmenter()
    segments = [segment for piece in pieces for segment in segmenter.push(piece)]
    return segments + segmenter.flush()


@pytest.mark.parametrize("case", [case for cases in CASES.values() for case in cases])
def test_cuts(case: str) -> None:
    expected = case.split("|") if case else []
    text = "".join(expected)
    assert cut(text) == expected
    assert cut_in_pieces(list(text)) == expected


@pytest.mark.parametrize(
    ("pieces", "returned"),
    [
        (["Hello.", " ", "W"], [[], [], ["Hello."]]),
        (["It is 3.", "14 now. ", "OK"], [[], [], ["It is 3.14 now."]]),
        (["Let me check.\n"], [["Let me check."]]),
        (["Dr", ".", " S", "mith"], [[], [], [], []]),
        (["At Acme Inc.", " The", " end"], [[], [], ["At Acme Inc."]]),
        (["At Acme Inc.", " The", "odor"], [[], [], []]),
        (["By J.", " A", ". Smith"], [[], [], []]),
        (["Stop!", '"', " and", " go. ", '"Now'], [[], [], [], [], ['Stop!" and go.']]),
        (["好。", "」", "x"], [[], [], ["好。」"]]),
        (["好。", "他"], [[], ["好。"]]),
    ],
)
def test_a_segment_is_returned_as_soon_as_it_is_certain(pieces: list[str], returned: list[list[str]]) -> None:
    segmenter = Segmenter()
    assert [segmenter.push(piece) for piece in pieces] == returned


def test_flush_ends_the_sentence_and_starts_anew() -> None:
    segmenter = Segmenter()
    assert segmenter.push("Hello Dr.") == []
    assert segmenter.pending == "Hello Dr."
    assert segmenter.flush() == ["Hello Dr."]
    assert segmenter.pending == ""
    assert segmenter.flush() == []
    assert segmenter.push("Smith. Yes") == ["Smith."]


LONG = "word " * 20  # 100 characters


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (f"{LONG}one; {LONG}two, {LONG}", f"{LONG}one;"),
        (f"{LONG}one, {LONG}and {LONG}", f"{LONG}one,"),
        (f"{LONG}one — {LONG}two, {LONG}", f"{LONG}one —"),
        (f"{LONG}one - {LONG}two and {LONG}", f"{LONG}one -"),
        (f"{LONG}one and {LONG}{LONG}", f"{LONG}one"),
        (f"One, {LONG}{LONG}{LONG}", f"One, {LONG}{LONG}{'word ' * 15}"[:-1]),
        (f"{LONG}10:30,5 {LONG}{LONG}", f"{LONG}10:30,5 {LONG}{'word ' * 14}"[:-1]),
        ("長" * 150 + "、" + "長" * 300, "長" * 150 + "、"),
        ("x" * 300, "x" * MAX_CHARS),
        ("x" * 270 + " " + "y" * 300, "x" * 270),
        ("x" * (MAX_CHARS - 1) + "e\u0301" + "x" * 20, "x" * (MAX_CHARS - 1)),
        ("x" * (MAX_CHARS - 1) + "👍🏽" + "x" * 20, "x" * (MAX_CHARS - 1)),
        ("x" * (MAX_CHARS - 1) + "👩\u200d👧" + "x" * 20, "x" * (MAX_CHARS - 1)),
        ("x" * (MAX_CHARS - 1) + "\ud83d\ude00" + "x" * 20, "x" * (MAX_CHARS - 1)),
        ("x" + "\u0301" * 400, "x" + "\u0301" * (MAX_CHARS - 1)),
        (
            f'{LONG}{LONG}{"word " * 14}<emotion value="angry"/> {LONG}',
            f"{LONG}{LONG}{'word ' * 14}",
        ),
        ("x" * (MAX_CHARS - 1) + ". Next.", "x" * (MAX_CHARS - 1) + "."),
        ("x" * (MAX_CHARS - 1) + '." Next.', "x" * (MAX_CHARS - 1) + "."),
        ("x" * MAX_CHARS + "\nNext.", "x" * MAX_CHARS),
        (f"{LONG}one, {'x' * (MAX_CHARS - 105)}\nNext.", f"{LONG}one, {'x' * (MAX_CHARS - 105)}"),
        (" " * 300 + "Hello.", " " * MAX_CHARS),
    ],
)
def test_a_long_sentence_is_cut_at_the_best_place(text: str, first: str) -> None:
    segments = cut(text)
    assert segments[0] == first
    assert segments == cut_in_pieces(list(text))
    assert all(len(segment) <= MAX_CHARS for segment in segments)


FRAGMENTS = st.sampled_from(
    [
        *" .!?…。！\n\"'”)(*-—,;:<>/@5aBI",
        "Dr", "Inc", "etc", "U.S", "The", "No", "1", "J", "and", "word", "世", "と", "😊", "👍🏽",
        "\u0301", "\u200d", ". ", "... ", "! ", "x" * 90, " " * 60, ". " * 20, "word " * 30, "!" * 200,
    ]
)  # fmt: skip
TEXTS = st.lists(FRAGMENTS, max_size=40).map("".join) | st.text(max_size=400)


@given(st.lists(TEXTS, max_size=4))
def test_segments_join_to_the_text(pieces: list[str]) -> None:
    assert "".join(cut_in_pieces(pieces)) == "".join(pieces)


@given(TEXTS, st.data())
def test_pieces_do_not_show(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=12)))
    pieces = [text[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    expected = cut(text)
    assert cut_in_pieces(pieces) == expected
    assert cut_in_pieces(list(text)) == expected


@given(TEXTS)
def test_segments_are_short_and_speakable(text: str) -> None:
    segmenter = Segmenter()
    pushed = segmenter.push(text)
    pending_has_speech = is_speakable(segmenter.pending)
    flushed = segmenter.flush()
    assert all(0 < len(segment) <= MAX_CHARS for segment in pushed + flushed)
    assert all(is_speakable(segment) or len(segment) == MAX_CHARS for segment in pushed)
    assert all(is_speakable(segment) for segment in flushed) == (pending_has_speech or not flushed)


@given(TEXTS, TEXTS)
def test_what_was_returned_stays_true(text: str, more: str) -> None:
    returned = Segmenter().push(text)
    assert cut(text + more)[: len(returned)] == returned


WORST = {
    "prose": "This is a sentence, more or less. ",
    "no punctuation": "word ",
    "no blanks": "x",
    "undecided": "J. ",
    "marks": "!",
    "spaced marks": ". ",
    "dots in words": "a.b",
    "blanks": " ",
    "newlines": "\n",
    "brackets": "a (a! ",
    "accents": "\u0301",
    "emoji": "😊",
    "tags": "<a ",
}


def lines_run(action: Callable[[], object]) -> int:
    """Python lines executed by an action: a measure of work that no other load on the machine changes."""
    count = 0

    def trace(_frame: object, event: str, _arg: object) -> object:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("pattern", WORST.values(), ids=WORST.keys())
def test_work_grows_with_the_text_only(pattern: str) -> None:
    text = (pattern * 8000)[:8000]
    for cutting in (cut, lambda text: cut_in_pieces(list(text))):
        half, whole = lines_run(lambda: cutting(text[:4000])), lines_run(lambda: cutting(text))  # noqa: B023
        assert whole < 2.2 * half
        assert whole < 100 * len(text)


@pytest.mark.parametrize("pattern", WORST.values(), ids=WORST.keys())
def test_what_is_pending_is_bounded(pattern: str) -> None:
    segmenter = Segmenter()
    for character in (pattern * 50_000)[:50_000]:
        segmenter.push(character)
        assert len(segmenter.pending) <= MAX_CHARS + 60


@pytest.mark.parametrize(
    "text", ["a", "7", "é", "世", "न", "%", "$", "&", "+", "€", "@", "😊", "❤️", "🇩🇪", " .a. "]
)
def test_speakable(text: str) -> None:
    assert is_speakable(text)


@pytest.mark.parametrize(
    "text", ["", " ", "\n", ".", "...", "—", "()", '"', "---", "***", "_", "#", "。", "•", "|"]
)
def test_unspeakable(text: str) -> None:
    assert not is_speakable(text)
