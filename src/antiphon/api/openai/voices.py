"""The voices that clients of OpenAI, and of its lookalikes, have built in."""

import re
from contextlib import suppress

from antiphon.catalog.voices import Voice, Voices
from antiphon.errors import VoiceNotFound

OPENAI_VOICES = (
    "alloy",
    "ash",
    "ballad",
    "cedar",
    "coral",
    "echo",
    "fable",
    "marin",
    "nova",
    "onyx",
    "sage",
    "shimmer",
    "verse",
)

_KOKORO = re.compile(r"[abefhijpz][fm]_[a-z0-9]+")
"""A letter for the language, one for the sex, and a name: ``af_heart``, ``bm_george``."""

_MIXING = re.compile(r"[-+(]")
"""What follows the first voice of a mixture (``af_bella(2)+af_sky``)."""


def find_voice(name: str, voices: Voices) -> Voice:
    """The local voice that a client of OpenAI's means.

    What the local voices and ``voice_aliases`` know comes first. For the names of OpenAI and Kokoro that they
    don't, the default voice speaks. A mixture is spoken by its first voice.

    Raises:
        VoiceNotFound: the name stands for nothing.
    """
    first = _MIXING.split(name, maxsplit=1)[0].strip()
    for candidate in (name, first):
        with suppress(VoiceNotFound):
            return voices.resolve(candidate)
    if first.casefold() in OPENAI_VOICES or _KOKORO.fullmatch(first.casefold()):
        return voices.default
    raise VoiceNotFound(f"No voice has the name {name[:64]!r}; GET /v1/audio/voices lists those there are.")
