import math

import numpy as np
import pytest

from antiphon.models.moonshine.closing import Closing
from antiphon.models.moonshine.decoder import Decoded
from antiphon.models.moonshine.model import MoonshineModel
from antiphon.models.moonshine.tokens import Vocabulary
from antiphon.models.protocols import Hints

PIECES = ["<unk>", "<s>", "</s>", "▁so", ".", ",", "?", "!", '"', "▁it"]
STOP, COMMA, QUESTION, QUOTE, WORD = 4, 5, 6, 8, 3
ASKED = np.array([3, 4, 5, 6, 7, 9])
"""With the first tokens of key terms among them."""


def closed(*tokens: int, **chances: float) -> float | None:
    """Of a text whose last place has these probabilities."""
    row = np.full(len(ASKED), -20.0, np.float32)
    for sign, chance in chances.items():
        row[np.searchsorted(ASKED, {"stop": STOP, "comma": COMMA, "question": QUESTION}[sign])] = math.log(
            chance
        )
    path = Decoded(
        list(tokens), [-0.1] * len(tokens), told=[np.zeros(len(ASKED), np.float32)] * (len(tokens) - 1)
    )
    path.told.append(row)
    return Closing(Vocabulary(PIECES)).of(path, ASKED)


def test_a_stop_is_weighed_against_a_comma() -> None:
    assert closed(WORD, STOP, stop=0.8, comma=0.1) == pytest.approx(math.log(8), abs=1e-3)
    assert closed(WORD, STOP, stop=0.5, comma=0.4) == pytest.approx(math.log(5 / 4), abs=1e-3)


def test_whether_it_is_a_question_makes_no_difference() -> None:
    assert closed(WORD, QUESTION, stop=0.3, question=0.5, comma=0.1) == pytest.approx(math.log(8), abs=1e-3)


def test_a_text_without_a_stop_is_open() -> None:
    assert closed(WORD) == 0.0
    assert closed(WORD, COMMA, stop=0.4, comma=0.5) == 0.0


def test_of_other_signs_and_without_any_text_nothing_is_told() -> None:
    assert closed(WORD, STOP, QUOTE) is None
    assert Closing(Vocabulary(PIECES)).of(Decoded(), ASKED) is None


def test_nor_where_the_vocabulary_lacks_a_sign() -> None:
    closing = Closing(Vocabulary(PIECES[:6]))
    assert len(closing.signs) == 0
    assert closing.of(Decoded([WORD, STOP]), closing.signs) is None


@pytest.mark.models
def test_neither_key_terms_nor_company_nor_a_second_hearing_change_it(
    moonshine: MoonshineModel, clips: list
) -> None:
    speech = [clip.samples for clip in clips if len(clip.samples) < 10 * 16_000]
    alone = [
        moonshine.step([moonshine.start()], [each], word_timestamps=[False])[0].closed for each in speech
    ]
    states = [moonshine.start(Hints(keyterms=("Zebra", "amiable"))) for _ in speech]
    for timed in (True, False):
        together = moonshine.step(states, speech, word_timestamps=[timed] * len(speech))
        assert [each.closed for each in together] == pytest.approx(alone, abs=0.01)
    assert all(closed is not None and closed > 0 for closed in alone)
