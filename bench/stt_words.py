"""How well the times of recognised words fit: against speech whose times are known because it was made.

Sentences are spoken by a voice model, which knows when it says each word; they are heard by the engine as a
worker runs it, at 16 kHz and over a telephone line, and with noise. The voice model's own times are not those
of the sound: they begin some 30 ms late, and its last words end with the silence after them. So the ends of
last words are left out, and the first start and the last end are also held against the sound itself.

Run: python bench/stt_words.py [--sentences 60]
"""

import argparse
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

import numpy as np

from antiphon.audio.encodings import decode, encode
from antiphon.audio.resample import resample
from antiphon.contract.events import Word
from antiphon.loadtest.plainwords import plain_words
from antiphon.loadtest.sentences import SENTENCES
from antiphon.models.protocols import TTSModel, Utterance
from antiphon.models.registry import load_tts
from antiphon.models.store import ModelStore
from antiphon.settings import load_settings
from ear import RATE, Ear, Samples, pieces
from nonspeech import noise, scaled

SPEEDS = (0.8, 1.0, 1.25)
SNR_DB = 20
LINE_RATE = 8_000
BLOCK = RATE // 100
AUDIBLE_DB = -35


class Known(NamedTuple):
    """Speech whose words' times are known, in seconds."""

    samples: Samples
    words: list[tuple[str, float, float]]


def main() -> None:
    """Print the errors of starts and ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", default="moonshine-tiny-en")
    parser.add_argument("--sentences", type=int, default=30, help="of each speed")
    options = parser.parse_args()
    ear = Ear(options.model)
    voice = load_tts("hibari", ModelStore(load_settings().models_dir))
    print("                         words   errors: p50  mean   p90 | bias: start   end | sound: start   end")
    for speed in SPEEDS:
        _show(f"speed {speed}", ear, list(_spoken(voice, speed, options.sentences)))
    plain = list(_spoken(voice, 1.0, options.sentences))
    _show(
        f"noise at {SNR_DB} dB SNR", ear, [known._replace(samples=_noisy(known.samples)) for known in plain]
    )
    _show("telephone line, mu-law", ear, [known._replace(samples=_by_line(known.samples)) for known in plain])


def _spoken(voice: TTSModel[Any], speed: float, count: int) -> Iterator[Known]:
    for text in SENTENCES[:count]:
        state = voice.start(Utterance(text, voice.voices[0], voice.languages[0], speed=speed))
        [samples] = voice.step([state], [state.total_frames])
        words = [(w.text, w.start / voice.sample_rate, w.end / voice.sample_rate) for w in state.words]
        yield Known(resample(samples, voice.sample_rate, RATE), words)


def _noisy(samples: Samples) -> Samples:
    level = 20 * np.log10(np.sqrt(np.mean(np.square(samples)))) - SNR_DB
    return samples + scaled(noise(np.random.default_rng(0), len(samples), 1.0), level)


def _by_line(samples: Samples) -> Samples:
    sent = resample(samples, RATE, LINE_RATE)
    return resample(decode(encode(sent, "pcm_mulaw"), "pcm_mulaw"), LINE_RATE, RATE)


def _show(name: str, ear: Ear, speech: list[Known]) -> None:
    starts: list[float] = []
    ends: list[float] = []
    edges: list[tuple[float, float]] = []
    for known in speech:
        words = ear.hear(pieces(known.samples), partials=False, word_timestamps=True).words
        pairs = list(_matched(known.words, words))
        starts += [1_000 * (word.start_s - start) for (_, start, _), word in pairs]
        ends += [1_000 * (word.end_s - said[2]) for said, word in pairs if said is not known.words[-1]]
        begins, ceases = _sound(known.samples)
        edges.append((1_000 * (words[0].start_s - begins), 1_000 * (words[-1].end_s - ceases)))
    errors = np.abs([*starts, *ends])
    first, last = np.median(edges, axis=0)
    print(
        f"{name:24} {len(starts):5} {np.median(errors):13.0f} {errors.mean():5.0f} "
        f"{np.percentile(errors, 90):5.0f} | {np.median(starts):+11.0f} {np.median(ends):+5.0f} | "
        f"{first:+12.0f} {last:+5.0f}",
        flush=True,
    )


def _matched(
    said: list[tuple[str, float, float]], heard: Sequence[Word]
) -> Iterator[tuple[tuple[str, float, float], Word]]:
    """The words that were heard right."""
    texts = [" ".join(plain_words(text)) for text, _, _ in said]
    told = [" ".join(plain_words(word.text)) for word in heard]
    for block in SequenceMatcher(None, texts, told, autojunk=False).get_matching_blocks():
        for i in range(block.size):
            yield said[block.a + i], heard[block.b + i]


def _sound(samples: Samples) -> tuple[float, float]:
    """Seconds at which what is at most `AUDIBLE_DB` under the loudest 10 ms begins and ends."""
    blocks = samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK)
    level = 10 * np.log10(np.mean(np.square(blocks), axis=1) + 1e-12)
    loud = np.flatnonzero(level > level.max() + AUDIBLE_DB)
    return loud[0] * BLOCK / RATE, (loud[-1] + 1) * BLOCK / RATE


if __name__ == "__main__":
    main()
