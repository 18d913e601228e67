"""How soon words of an open utterance can be told for good, and how many of them the final contradicts.

Cuts recordings into utterances as `/stt/turns/websocket` does, hears each as it grows, and compares ways to
tell which words of a hearing are certain. The final is what the whole utterance sounds like. Of each way:
words out before the final, how many of them the final contradicts (edits between the two), and how long after
its end a word was out (50th and 90th percentile) and the first word after speech began; in seconds of audio,
without the time of the model.

Run: python bench/stt_partials.py ../shared/speech two_cities.wav --most 100
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.audio.files import decode_file
from antiphon.loadtest.percentiles import Spread
from antiphon.models.protocols import VAD, Samples, STTModel, Timed, Transcript
from antiphon.models.registry import load_stt, load_vad
from antiphon.models.store import ModelStore
from antiphon.settings import load_settings
from antiphon.speech.certainty import Certainty
from antiphon.speech.listener import Listener, ListenerOptions
from antiphon.speech.matching import bare, begins, place
from antiphon.speech.windows import Window

RATE = 16_000
PAUSE_S = 0.32
Method = Callable[[], Callable[[list[str], Sequence[Timed], float, list[float]], list[str]]]
"""Makes, for an utterance, what takes each hearing's words, their times, how far it went and the words'
probabilities, and gives the words that are certain."""


@dataclass(frozen=True)
class Growth:
    """An utterance: where speech begins in it, its hearings by how far they went, and its final words."""

    onset_s: float
    hearings: list[tuple[float, Transcript]]
    final: list[Timed]


def agreement(hearings: int, *, exact: bool) -> Method:
    """The words but the last that so many hearings in a row agree on."""

    def make() -> Callable[..., list[str]]:
        last: list[list[str]] = []

        def certain(words: list[str], *_: object) -> list[str]:
            last.append(words)
            if len(last) < hearings:
                return []
            form = (lambda word: word) if exact else bare
            agreed = 0
            for heard in zip(*(each[: len(words) - 1] for each in last[-hearings:]), strict=False):
                if len(set(map(form, heard))) > 1:
                    break
                agreed += 1
            return words[:agreed]

        return certain

    return make


def held_back(seconds: float) -> Method:
    """The words that ended so long before the end of what was heard, by one hearing."""

    def make() -> Callable[..., list[str]]:
        def certain(_: list[str], times: Sequence[Timed], end_s: float, __: list[float]) -> list[str]:
            return [word.text for word in times if word.end <= (end_s - seconds) * RATE]

        return certain

    return make


def weighed() -> Callable[..., list[str]]:
    """What is in place: `antiphon.speech.certainty`."""
    certainty = Certainty()

    def certain(words: list[str], _: object, __: object, probabilities: list[float]) -> list[str]:
        certainty.hear(words, probabilities)
        return list(certainty.words)

    return certain


METHODS: dict[str, Method] = {
    "agreement of two": agreement(2, exact=True),
    "… but for signs": agreement(2, exact=False),
    "agreement of three": agreement(3, exact=True),
    "held back 0.5 s": held_back(0.5),
    "held back 0.8 s": held_back(0.8),
    "weighed (in place)": weighed,
}


def utterances(samples: Samples, vad: VAD) -> Iterator[Window]:
    """Those of a recording, as a listener cuts them."""
    listener = Listener(ListenerOptions(max_silence_s=PAUSE_S, partials=False))
    listener.push(samples)
    listener.end()
    state = vad.initial_state()
    while True:
        while listener.ready and (frame := listener.next_frame()) is not None:
            ((probability, state),) = vad.step([frame], [state])
            listener.judge(probability)
        window = listener.next_window()
        if window is None:
            return
        listener.hear(window, Transcript(""))
        yield window


def grow(window: Window, model: STTModel[Any], every_s: float) -> Growth:
    """Hear an utterance as far as it has come, again and again, and then all of it."""
    state = model.start()
    size = round(every_s * RATE)
    hearings: list[tuple[float, Transcript]] = []
    for end in range(size, len(window.samples), size):
        (heard,) = model.step([state], [window.samples[:end]], word_timestamps=[True])
        hearings.append((end / RATE, heard))
    (final,) = model.step([state], [window.samples], word_timestamps=[True])
    onset_s = window.speech[0].start_s - window.start_s if window.speech else 0.0
    return Growth(onset_s, hearings, list(final.words))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("recordings", nargs="+", type=Path, help="files, or folders of wav and flac files")
    parser.add_argument("--every", type=float, default=0.4, help="seconds of new audio between two hearings")
    parser.add_argument("--most", type=float, default=60.0, help="seconds of each recording")
    options = parser.parse_args()
    settings = load_settings()
    store = ModelStore(settings.models_dir)
    model, vad = load_stt(settings.stt_model, store), load_vad(store)
    files = [
        file
        for path in options.recordings
        for file in (sorted([*path.glob("*.wav"), *path.glob("*.flac")]) if path.is_dir() else [path])
    ]
    grown: list[Growth] = []
    for file in files:
        samples = np.concatenate(list(decode_file(file, target_rate=RATE)))[: round(options.most * RATE)]
        grown += [grow(window, model, options.every) for window in utterances(samples, vad)]
    words = sum(len(growth.final) for growth in grown)
    print(f"{len(grown)} utterances, {words} words, a hearing every {options.every} s")
    print("method               out early  contradicted   word out p50  p90   first word p50  p90 s")
    for name, method in METHODS.items():
        print(f"{name:20} {row(method, grown)}", flush=True)


def row(method: Method, grown: Sequence[Growth]) -> str:
    """The figures of a method."""
    out, wrong = 0, 0
    delays: list[float] = []
    firsts: list[float] = []
    for growth in grown:
        certain = method()
        said: list[tuple[str, float]] = []
        for end_s, heard in growth.hearings:
            words = certain(heard.text.split(), heard.words, end_s, heard.probabilities)
            if begins(words, [word for word, _ in said]):
                said += [(word, end_s) for word in words[len(said) :]]
        if not growth.final:
            continue
        final = [word.text for word in growth.final]
        out += len(said)
        wrong += edits([word for word, _ in said], final[: place([word for word, _ in said], final)])
        pairs = zip(said, growth.final, strict=False)
        delays += [at - own.end / RATE for (word, at), own in pairs if bare(word) == bare(own.text)]
        firsts += [said[0][1] - growth.onset_s] if said else []
    delay, first = Spread.of(delays), Spread.of(firsts)
    tens = f"{np.percentile(delays, 90):5.2f}", f"{np.percentile(firsts, 90):5.2f}"
    return f"{out:9} {wrong:13} {delay.p50:14.2f} {tens[0]} {first.p50:16.2f} {tens[1]}"


def edits(one: Sequence[str], other: Sequence[str]) -> int:
    """Words to put in, take out or replace, signs and capitals apart."""
    costs = list(range(len(other) + 1))
    for i, word in enumerate(one, start=1):
        before, costs = costs, [i]
        for j, each in enumerate(other, start=1):
            replaced = before[j - 1] + (bare(word) != bare(each))
            costs.append(min(replaced, before[j] + 1, costs[j - 1] + 1))
    return costs[-1]


if __name__ == "__main__":
    main()
