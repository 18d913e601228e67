"""Text full of figures, signs and short forms is spoken so that it is heard as a person would read it."""

import pytest
from cartesia import Cartesia

from antiphon.text.reading import read
from support.said import said_words
from support.words import word_error_rate

pytestmark = [pytest.mark.models, pytest.mark.slow]

SENTENCES = [
    "The ticket costs $45.50, and the museum is another €12.",
    "They raised $5 million in 2019 and £20k more last year.",
    "The meeting is on 11/22/2026 at 3:05 pm.",
    "The shop is open 9am-5pm, Mon–Fri.",
    "He was born on July 4th, 1976, and moved here in the 1990s.",
    "Please call (415) 555-0132 ext. 7 before noon.",
    "She finished 3rd in the 100 m race.",
    "Add 3/4 cup of milk and 2½ cups of flour.",
    "It was 20 °C outside, with winds of 60 mph.",
    'The new laptop has 16 GB of memory and a 27" screen.',
    "Read pp. 10–20 before Monday.",
    "Sales fell by 12.5% from 2019 to 2021.",
    "We sold 1,905 items to about 300 people.",
    "My e-mail is john.smith@example.com.",
    "You can find it at https://www.example.com/help.",
    "NASA and the FBI both denied the report.",
    "The CEO of the company has a PhD from MIT.",
    "Dr. Smith lives at 12 Main St. in Boston.",
    "Mr. and Mrs. Brown ordered apples, pears, etc.",
    "Henry VIII had six wives.",
    "My grandfather fought in World War II.",
    "Chapter IV is about the history of Rome.",
    "I bought an iPhone 15 and a PlayStation 5.",
    "Press Ctrl+C to copy the text.",
    "Flight BA2490 leaves from gate B12.",
    "The code is 4719, and the room number is 412.",
    "The home team won 3-2 in the last minute.",
    "He is 5'11\" tall and weighs 180 lbs.",
    "2 + 2 = 4, as everyone knows.",
    "The U.S. economy grew by 2.5% in the 3rd quarter.",
]


def _spoken(text: str) -> str:
    spoken = said_words(" ".join(part.spoken for part in read(text, "en")))
    return spoken.replace("e mail", "email")


def test_thirty_hard_sentences_come_back_with_at_most_four_percent_of_word_errors(sdk: Cartesia) -> None:
    heard: list[str] = []
    for sentence in SENTENCES:
        audio = sdk.tts.generate(
            model_id="sonic-3",
            transcript=sentence,
            voice={"mode": "id", "id": "heart"},
            output_format={"container": "wav", "encoding": "pcm_s16le", "sample_rate": 24_000},
        ).read()
        heard.append(sdk.stt.transcribe(file=("said.wav", audio), model="ink-whisper").text)
    assert len(SENTENCES) == 30
    assert word_error_rate([_spoken(it) for it in SENTENCES], [_spoken(it) for it in heard]) <= 0.04
