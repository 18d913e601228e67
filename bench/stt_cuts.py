"""Words lost or doubled where speech without a pause is cut because it is longer than the model's window.

Takes the pauses out of recordings, and cuts a window of 20 s in several places of each: in the quietest place
of its last third (as was done before) and between two words (`antiphon.speech.cutting`). The words around the
cut, six on either side, are compared with those of a window in whose midst the cut lies.

Run: python bench/stt_cuts.py two_cities.wav KateDarling_2018S-950k.wav --most 110
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.audio.files import decode_file
from antiphon.models.protocols import VAD, Samples, STTModel, Transcript
from antiphon.models.registry import load_stt, load_vad
from antiphon.models.store import ModelStore
from antiphon.settings import load_settings
from antiphon.speech.cutting import best_cut, text_before
from antiphon.speech.listener import FRAME_SAMPLES
from antiphon.speech.matching import bare
from antiphon.speech.utterances import CUT_RANGE, START

RATE = 16_000
AROUND_S = 5
NEAR = 6
"""Words on either side of a cut that are looked at."""

METHODS = ("quietest place", "between words")


def gapless(samples: Samples, vad: VAD) -> Samples:
    """What of a recording is speech."""
    state, kept = vad.initial_state(), [np.zeros(0, np.float32)]
    for start in range(0, len(samples) - FRAME_SAMPLES, FRAME_SAMPLES):
        frame = samples[start : start + FRAME_SAMPLES]
        ((probability, state),) = vad.step([frame], [state])
        kept += [frame] if probability >= START else []
    return np.concatenate(kept)


def hear(model: STTModel[Any], samples: Samples, *, timed: bool = False) -> Transcript:
    """What a window says by itself."""
    (transcript,) = model.step([model.start()], [samples], word_timestamps=[timed])
    return transcript


def quietest(window: Samples) -> int:
    """Sample between the two frames late in a window that are quietest together."""
    frames = window[: len(window) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    power = np.square(frames).sum(axis=1)
    first, last = (int(len(frames) * share) for share in CUT_RANGE)
    return FRAME_SAMPLES * min(range(first, last), key=lambda i: power[i - 1] + power[i])


def cut(model: STTModel[Any], window: Samples, method: str) -> tuple[int, str]:
    """Where a window is cut, and the text before the cut."""
    if method == METHODS[0]:
        at = quietest(window)
        return at, hear(model, window[:at]).text
    heard = hear(model, window, timed=True)
    found = best_cut(heard.words, len(window))
    if found is None:
        return len(window), heard.text
    at = round(found.sample / FRAME_SAMPLES) * FRAME_SAMPLES
    return at, text_before(heard.text, heard.words, found.word)


def words(text: str) -> list[str]:
    """Without signs and capitals."""
    return [word for word in map(bare, text.split()) if word]


def edits_within(said: Sequence[str], whole: Sequence[str]) -> int:
    """Fewest words to put in, take out or replace in ``said`` to find it in ``whole``."""
    costs = [0] * (len(whole) + 1)
    for i, word in enumerate(said, start=1):
        before, costs = costs, [i]
        for j, other in enumerate(whole, start=1):
            costs.append(min(before[j - 1] + (word != other), before[j] + 1, costs[j - 1] + 1))
    return min(costs)


def main() -> None:
    """Print each cut that went wrong, and the sums."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("recordings", nargs="+", type=Path)
    parser.add_argument("--most", type=float, default=60.0, help="seconds of each recording")
    parser.add_argument("--every", type=float, default=9.0, help="seconds from one window to the next")
    options = parser.parse_args()
    settings = load_settings()
    store = ModelStore(settings.models_dir)
    model, vad = load_stt(settings.stt_model, store), load_vad(store)
    size, around = round(model.max_window_s * RATE), AROUND_S * RATE
    wrong: dict[str, list[int]] = {method: [] for method in METHODS}
    for file in options.recordings:
        samples = np.concatenate(list(decode_file(file, target_rate=RATE)))[: round(options.most * RATE)]
        speech = gapless(samples, vad)
        for start in range(0, len(speech) - size - around, round(options.every * RATE)):
            for method in METHODS:
                at, before = cut(model, speech[start : start + size], method)
                at += start
                after = hear(model, speech[at : at + around]).text
                whole = hear(model, speech[at - around : at + around + RATE]).text
                said = [*words(before)[-NEAR:], *words(after)[:NEAR]]
                wrong[method].append(edits_within(said, words(whole)))
                if wrong[method][-1]:
                    near = f"{' '.join(before.split()[-NEAR:])} | {' '.join(after.split()[:NEAR])}"
                    print(
                        f"{file.name} {start / RATE:.0f} s, {method}: {wrong[method][-1]} of {near}",
                        flush=True,
                    )
    for method, found in wrong.items():
        print(f"{method:15} {len(found)} cuts, {sum(map(bool, found))} wrong, {sum(found)} words")


if __name__ == "__main__":
    main()
