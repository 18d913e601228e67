"""Words that are made of nothing, and true words that are taken for nothing.

Streams sounds without speech, silences within and after speech, and speech that is hard to hear (short
words, quiet, in noise) through the engine as a worker runs it, and counts three ways: what the model itself
writes of windows of five seconds; what comes through voice activity detection; and what the engine believes
of that.

Folders of recordings without speech make it real: Debian's asterisk-moh-opsound-wav (music on hold),
sonic-pi-samples, tuxpaint-stamps-default (animals, household; what is named *_desc* is spoken and left out),
SpeechBrain's tests/samples (noise, ESC-50).

Run: python bench/stt_silence.py [--sounds FOLDER] [--speech MANIFEST]
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from antiphon.audio.resample import resample
from antiphon.loadtest.wordrate import WordErrors, word_errors
from antiphon.models.protocols import Utterance
from antiphon.models.registry import load_tts
from antiphon.models.store import ModelStore
from antiphon.settings import load_settings
from ear import RATE, Ear, Recording, Samples, at_level, load, pieces, recordings
from nonspeech import noise, scaled, sounds

SUFFIXES = (".wav", ".ogg", ".flac")
WINDOW_S = 5
LONGEST_S = 60
SHORT = [
    "Yes.",
    "No.",
    "Seven.",
    "Stop.",
    "Okay.",
    "Help.",
    "Two.",
    "Nine.",
    "Hello.",
    "Wait.",
    "Go.",
    "Right.",
    "Left.",
    "Sure.",
    "Thanks.",
    "Maybe.",
    "Five.",
    "Please.",
    "Cancel.",
    "Continue.",
]
HOLDS = (40, 10, 5, 0)
LEVELS = (-25, -45)
SILENCES_S = (0.6, 1.5, 3.0, 5.0)
NOISES = (None, -70, -55, -40)


class Counts(NamedTuple):
    """Words in finals, most words of the partials of a stream, by the engine; and of the bare model."""

    seconds: float = 0.0
    bare: int = 0
    gated: int = 0
    checked: int = 0
    partial: int = 0

    def plus(self, other: "Counts") -> "Counts":
        """Both together."""
        return Counts(*(a + b for a, b in zip(self, other, strict=True)))


def main() -> None:
    """Print what each part counted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", default="moonshine-tiny-en")
    parser.add_argument("--seconds", type=int, default=20, help="of each made sound")
    parser.add_argument("--sounds", type=Path, action="append", default=[], help="folder without speech")
    here = Path(__file__).parents[1]
    parser.add_argument("--speech", type=Path, default=here / "tests/data/speech/manifest.json")
    parser.add_argument("--parts", default="sounds,after,noise,words", help="some of these (default: all)")
    options = parser.parse_args()
    ear, parts = Ear(options.model), options.parts.split(",")
    clips = [clip for clip in recordings(options.speech, "human") if len(clip.samples) < 12 * RATE]
    if "sounds" in parts:
        without_speech(ear, options.seconds, options.sounds)
    if "after" in parts:
        after_speech(ear, clips)
    if "noise" in parts:
        hard_speech(ear, clips)
    if "words" in parts:
        short_words(ear)


def without_speech(ear: Ear, seconds: int, folders: list[Path]) -> None:
    """Count the words made of sounds that are made, and of those in folders."""
    silent(ear, "Made sounds", sounds(seconds, seed=0))
    for folder in folders:
        files = (
            path for path in sorted(folder.rglob("*")) if path.suffix in SUFFIXES and "_desc" not in path.name
        )
        silent(ear, folder.name, ((path.name, load(path)[: LONGEST_S * RATE]) for path in files))


def silent(ear: Ear, title: str, material: Iterator[tuple[str, Samples]]) -> None:
    """Count the words made of sounds without speech."""
    total = Counts()
    print(f"\n{title}: words made of sound without speech (bare model | detector | checked | partials)")
    for name, samples in material:
        counts = _of_silence(ear, samples)
        if counts.gated or counts.checked or counts.partial:
            print(f"  {name:50} {counts.bare:4} {counts.gated:4} {counts.checked:4} {counts.partial:4}")
        total = total.plus(counts)
    print(
        f"  in all, {total.seconds / 60:.1f} minutes: {total.bare} bare, {total.gated} by the detector alone,"
        f" {total.checked} checked, {total.partial} in partials",
        flush=True,
    )


def _of_silence(ear: Ear, samples: Samples) -> Counts:
    windows = [samples[at : at + WINDOW_S * RATE] for at in range(0, len(samples), WINDOW_S * RATE)]
    bare = sum(len(ear.bare(window).split()) for window in windows if len(window) >= RATE)
    said = ear.hear(pieces(samples))
    return Counts(
        len(samples) / RATE,
        bare,
        len(ear.hear(pieces(samples), checked=False, partials=False).text.split()),
        len(said.text.split()),
        max((len(partial.text.split()) for partial in said.partials), default=0),
    )


def after_speech(ear: Ear, clips: list[Recording]) -> None:
    """Count the words too many with silences between, after and before what was said."""
    print("\nSilence within and after speech: errors (inserted words) of the words said")
    totals = dict.fromkeys(("no silence", "bare", "detector", "checked"), WordErrors())
    random = np.random.default_rng(1)
    for index, clip in enumerate(clips):
        other = clips[(5 * index + 3) % len(clips)]
        for length, level in zip(SILENCES_S, NOISES, strict=True):
            gap = np.zeros(round(length * RATE), np.float32)
            parts = [gap, at_level(clip.samples, -25), gap, at_level(other.samples, -25), gap]
            samples = np.concatenate(parts)
            if level is not None:
                samples += scaled(noise(random, len(samples), 1.0), level)
            text = f"{clip.text} {other.text}"
            patient = {"max_silence_s": 6.0, "finalize": True, "partials": False}
            heard = {
                "no silence": " ".join(ear.bare(part) for part in parts[1::2]),
                "bare": ear.bare(samples) if len(samples) < 25 * RATE else "",
                "detector": ear.hear(pieces(samples), checked=False, **patient).text,
                "checked": ear.hear(pieces(samples), **patient).text,
            }
            for way, words in heard.items():
                if words:
                    totals[way] += word_errors(text, words)
    for way, errors in totals.items():
        print(f"  {way:12} {errors.errors:5} ({errors.inserted}) of {errors.words}", flush=True)


def hard_speech(ear: Ear, clips: list[Recording]) -> None:
    """Compare the words that come through with and without checks, of sentences."""
    print("\nSentences in pink noise: word errors (dropped) without checks, with checks")
    for snr in HOLDS:
        for level in LEVELS:
            random = np.random.default_rng(2)
            totals = [WordErrors(), WordErrors()]
            for clip in clips:
                samples = _in_noise(random, at_level(clip.samples, level), level - snr)
                for i, checked in enumerate((False, True)):
                    said = ear.hear(pieces(samples), checked=checked, partials=False)
                    totals[i] += word_errors(clip.text, said.text)
            shown = [f"{t.rate or 0:6.1%} ({t.dropped})" for t in totals]
            print(f"  {snr:3} dB SNR at {level} dBFS: {'   '.join(shown)}", flush=True)


def short_words(ear: Ear) -> None:
    """Count lone words that come through with and without checks."""
    voice = load_tts("hibari", ModelStore(load_settings().models_dir))
    print("\nLone words in pink noise: of how many something was heard without checks, with checks")
    for snr in HOLDS:
        for level in LEVELS:
            random = np.random.default_rng(3)
            found = [0, 0]
            for word in SHORT:
                state = voice.start(Utterance(word, voice.voices[0], voice.languages[0]))
                [said] = voice.step([state], [state.total_frames])
                samples = at_level(resample(said, voice.sample_rate, RATE), level)
                samples = _in_noise(random, samples, level - snr)
                for i, checked in enumerate((False, True)):
                    found[i] += bool(ear.hear(pieces(samples), checked=checked, partials=False).text)
            print(f"  {snr:3} dB SNR at {level} dBFS: {found[0]}, {found[1]} of {len(SHORT)}", flush=True)


def _in_noise(random: np.random.Generator, samples: Samples, level: float) -> Samples:
    padded = np.pad(samples, RATE)
    return padded + scaled(noise(random, len(padded), 1.0), level)


if __name__ == "__main__":
    main()
