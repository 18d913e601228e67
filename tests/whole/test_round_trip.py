"""What the platform says, it hears back."""

import pytest
from cartesia import Cartesia

from support.words import word_error_rate

pytestmark = pytest.mark.models

SENTENCES = [
    "Good morning, how can I help you today?",
    "The meeting has been moved to the second floor.",
    "Please leave your name and your number after the tone.",
    "I would like to change the date of my flight.",
    "The weather will be cold and windy in the north.",
    "She opened the window to let in some fresh air.",
    "Your order will arrive before the end of the week.",
    "Do you have this shirt in a larger size?",
    "The library closes an hour earlier on Saturdays.",
    "Nobody knew where the strange sound was coming from.",
    "We walked along the beach until the sun went down.",
    "Can you repeat the last part a little more slowly?",
    "The doctor will call you back in the afternoon.",
    "He forgot his umbrella on the bus again.",
    "All of the lights in the house were still on.",
    "There is a small garden behind the old church.",
    "The children were playing football in the street.",
    "I have never seen so many birds in one place.",
    "The new bridge is longer than the old one.",
    "Let me check whether that table is still free.",
    "The coffee here is strong, but the cake is better.",
    "They promised to finish the work by next month.",
    "If you are lost, just ask someone at the station.",
    "Her brother plays the piano almost every evening.",
    "The price includes breakfast and a ticket to the museum.",
    "My computer has been very slow since this morning.",
    "The river was too wide to swim across.",
    "Thank you for calling, and have a wonderful day.",
    "It takes about half an hour to get there by train.",
    "The dog barked at everyone who came to the door.",
]


def test_thirty_sentences_come_back_with_at_most_three_percent_of_word_errors(sdk: Cartesia) -> None:
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
    assert word_error_rate(SENTENCES, heard) <= 0.03
