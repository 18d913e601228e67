"""What a telephone line costs recognition.

Each recording is heard by the engine as a worker runs it, once as it is at 16 kHz and then as a client would
send it over a line: 8 kHz linear, mu-law and A-law, also with the 300 to 3400 Hz of a handset, through the
decoder and the resampler of the API, in pieces of 20 ms.

Run: python bench/stt_telephony.py [--speech MANIFEST] [--group human] [--level -25]
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from antiphon.audio.encodings import StreamDecoder, encode
from antiphon.audio.resample import Resampler, resample
from antiphon.loadtest.wordrate import WordErrors, word_errors
from ear import RATE, Ear, Samples, at_level, pieces, recordings

LINE_RATE = 8_000
PIECE_S = 0.02
HANDSET_HZ = (300.0, 3_400.0)


def main() -> None:
    """Print the word error rate of each line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", default="moonshine-tiny-en")
    here = Path(__file__).parents[1]
    parser.add_argument("--speech", type=Path, default=here / "tests/data/speech/manifest.json")
    parser.add_argument("--group", default="", help="only recordings of this group")
    parser.add_argument("--level", type=float, help="bring all speech to so many dBFS first")
    options = parser.parse_args()
    ear = Ear(options.model)
    clips = list(recordings(options.speech, options.group))
    words = sum(len(clip.text.split()) for clip in clips)
    print(f"{len(clips)} recordings, {words} words, streamed")
    clean: WordErrors | None = None
    for name, send in LINES.items():
        errors = WordErrors()
        for clip in clips:
            samples = clip.samples if options.level is None else at_level(clip.samples, options.level)
            errors += word_errors(clip.text, ear.hear(send(samples), partials=False).text)
        clean = clean or errors
        lost = 100 * ((errors.rate or 0) - (clean.rate or 0))
        print(
            f"{name:28} WER {errors.rate:6.2%}  ({lost:+.2f} points; {errors.replaced} replaced,"
            f" {errors.dropped} dropped, {errors.inserted} inserted)",
            flush=True,
        )


def _line(encoding: str, *, handset: bool = False) -> Callable[[Samples], Iterator[Samples]]:
    def send(samples: Samples) -> Iterator[Samples]:
        decoder, resampler = StreamDecoder(encoding), Resampler(LINE_RATE, RATE)
        sent = resample(_handset(samples) if handset else samples, RATE, LINE_RATE)
        for piece in pieces(sent, PIECE_S, LINE_RATE):
            yield resampler.push(decoder.push(encode(piece, encoding)))
        yield resampler.finish()

    return send


def _handset(samples: Samples) -> Samples:
    """With the band of a telephone's microphone and earpiece."""
    spectrum = np.fft.rfft(samples)
    frequency = np.fft.rfftfreq(len(samples), 1 / RATE)
    low, high = HANDSET_HZ
    shape = 1 / np.sqrt((1 + (low / np.maximum(frequency, 1)) ** 8) * (1 + (frequency / high) ** 24))
    return np.fft.irfft(spectrum * shape, len(samples)).astype(np.float32)


LINES: dict[str, Callable[[Samples], Iterator[Samples]]] = {
    "16 kHz": lambda samples: pieces(samples, PIECE_S),
    "8 kHz linear": _line("pcm_s16le"),
    "8 kHz mu-law": _line("pcm_mulaw"),
    "8 kHz A-law": _line("pcm_alaw"),
    "8 kHz mu-law, handset": _line("pcm_mulaw", handset=True),
    "8 kHz A-law, handset": _line("pcm_alaw", handset=True),
}


if __name__ == "__main__":
    main()
