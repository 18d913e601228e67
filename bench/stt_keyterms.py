"""What key terms do: how many are heard, how many are put where nobody said them, and at what cost.

Names and terms of ``keyterms.toml`` are spoken by the synthesiser as people pronounce them, in sentences of
their kind; each is heard without key terms, and with lists of it and others. Sentences without any, some of
which sound much like a term, and recordings of people are heard with lists of terms that nobody says there.
Half of the terms found the margins of the model (``--half tune``), the other half is what is told.

With ``--manifest`` the words that the model misses in recordings are its key terms, all of them at once.

Run: python bench/stt_keyterms.py --terms 1,10,100
"""

import argparse
import itertools
import json
import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.audio.files import decode_file
from antiphon.audio.resample import resample
from antiphon.loadtest.manifest import read_manifest
from antiphon.loadtest.sentences import SENTENCES
from antiphon.loadtest.wordrate import WordErrors, word_edits, word_errors
from antiphon.models.protocols import Hints, Samples, STTModel, Token, Utterance
from antiphon.models.registry import load_stt, load_tts
from antiphon.models.store import ModelStore
from antiphon.settings import load_settings

HERE = Path(__file__).parent
KINDS = ("person", "product", "medicine", "place")
LEAST_LETTERS = 5
"""Of a word of a recording that is made a key term."""


@dataclass(frozen=True)
class Case:
    """Something said, the term in it, and whether something in it sounds much like a term."""

    said: str
    samples: Samples
    term: str = ""
    near: bool = False


@dataclass(frozen=True)
class Heard:
    """The text of a case without and with key terms, and the seconds of CPU that each took."""

    case: Case
    plain: str
    text: str
    plain_s: float
    text_s: float


class Speaker:
    """Speaks sentences, with a pronunciation for one term in them."""

    def __init__(self, store: ModelStore, name: str) -> None:
        self._model = load_tts(name, store)

    def say(self, text: str, term: str = "", ipa: str = "") -> Samples:
        """Samples at 16 kHz."""
        named = (
            (*map(Token, text.partition(term)[0].split()), Token(term, len(term.split()), ipa))
            if term
            else ()
        )
        utterance = Utterance(text, self._model.voices[0], "en", tokens=named)
        state = self._model.start(utterance)
        [samples] = self._model.step([state], [state.total_frames])
        return resample(samples, self._model.sample_rate, 16_000)


def spoken_terms(cases: dict[str, Any], half: str, speaker: Speaker, every: int) -> Iterator[Case]:
    """The terms of a half, in their sentences."""
    for kind in KINDS:
        for at, line in enumerate(cases[kind]["terms"]):
            term, _, ipa = (part.strip() for part in line.partition("|"))
            if half in ("both", ("tune", "test")[at % 2]):
                for sentence in cases[kind]["sentences"][::every]:
                    text = sentence.format(term)
                    yield Case(text, speaker.say(text, term, ipa), term)


def without_terms(cases: dict[str, Any], speaker: Speaker, speech: Path, every: int) -> Iterator[Case]:
    """Sentences in which nobody says a term: everyday ones, those with near words, recordings of people."""
    yield from (Case(text, speaker.say(text)) for text in SENTENCES[::every])
    yield from (Case(text, speaker.say(text), near=True) for text in cases["near"]["sentences"][::every])
    for entry in json.loads((speech / "manifest.json").read_text()):
        yield Case(entry["text"], np.concatenate(list(decode_file(speech / entry["file"]))))


def lists(
    cases: Sequence[Case], terms: Sequence[str], near: Sequence[str], count: int
) -> Iterator[list[str]]:
    """For each case so many terms, its own among them; those it sounds like first, where it has some."""
    for at, case in enumerate(cases):
        own = [case.term] if case.term else list(near) if case.near else []
        away = [term for term in terms if term not in own and term.lower() not in case.said.lower()]
        random = np.random.default_rng(at)
        yield [*own, *random.permutation(away).tolist()][:count]


def hear(model: STTModel[Any], samples: Samples, terms: Sequence[str]) -> tuple[str, float]:
    """The text of a whole recording, window by window, and the seconds of CPU."""
    began = time.thread_time()
    size = round(model.max_window_s * model.sample_rate)
    texts: list[str] = []
    for start in range(0, len(samples), size):
        state = model.start(Hints("en", tuple(terms)))
        [transcript] = model.step([state], [samples[start : start + size]], word_timestamps=[False])
        texts.append(transcript.text)
    return " ".join(texts), time.thread_time() - began


def compared(model: STTModel[Any], cases: Sequence[Case], terms: Sequence[Sequence[str]]) -> list[Heard]:
    """Each case without and with its terms, one after the other."""
    heard: list[Heard] = []
    for case, mine in zip(cases, terms, strict=True):
        plain, plain_s = hear(model, case.samples, ())
        text, text_s = hear(model, case.samples, mine)
        heard.append(Heard(case, plain, text, plain_s, text_s))
    return heard


def holds(text: str, term: str) -> bool:
    """Whether the term stands in the text; case does not matter."""
    return term.lower() in text.lower()


def rate(heard: Sequence[Heard], which: str) -> str:
    """The word error rate of one of the texts."""
    errors = sum((word_errors(each.case.said, getattr(each, which)) for each in heard), WordErrors())
    return f"{errors.rate or 0:.1%}"


def told(name: str, heard: Sequence[Heard], *, verbose: bool) -> None:
    """Print a line of figures, and what was changed."""
    share = np.median([each.text_s / each.plain_s for each in heard])
    more = 1000 * np.percentile([each.text_s - each.plain_s for each in heard], [50, 95])
    hits = ""
    if said := [each for each in heard if each.case.term]:
        before = sum(holds(each.plain, each.case.term) for each in said)
        after = sum(holds(each.text, each.case.term) for each in said)
        hits = f"recall {before / len(said):.0%} -> {after / len(said):.0%}, "
    changed = sum(each.text != each.plain for each in heard)
    print(
        f"{name}: {len(heard)} cases, {hits}texts changed {changed}, WER {rate(heard, 'plain')} -> "
        f"{rate(heard, 'text')}, CPU x {share:.2f} (+{more[0]:.0f} ms p50, +{more[1]:.0f} ms p95)",
        flush=True,
    )
    for each in heard if verbose else ():
        if each.text != each.plain or (each.case.term and not holds(each.text, each.case.term)):
            print(f"    {each.case.term or '-'}: {each.plain} -> {each.text}")


def recordings(manifest: Path) -> list[Case]:
    """The recordings of people of a manifest, see ``antiphon bench stt``."""
    return [
        Case(clip.text, np.frombuffer(clip.pcm, np.int16).astype(np.float32) / np.float32(32_768))
        for clip in read_manifest(manifest)
        if clip.group == "human"
    ]


def missed(model: STTModel[Any], cases: Sequence[Case]) -> tuple[list[str], list[tuple[int, str]]]:
    """The longer words that the model misses, and in which case each."""
    found = [
        (at, edit.said)
        for at, case in enumerate(cases)
        for edit in word_edits(case.said, hear(model, case.samples, ())[0])
        if edit.said and len(edit.said) >= LEAST_LETTERS
    ]
    return sorted({word for _, word in found}), found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--terms", default="1,10,100")
    parser.add_argument("--half", choices=("tune", "test", "both"), default="test")
    parser.add_argument("--every", type=int, default=1, help="of the sentences")
    parser.add_argument("--speech", type=Path, default=HERE.parent / "tests/data/speech")
    parser.add_argument("--manifest", type=Path)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    settings = load_settings()
    store = ModelStore(settings.models_dir)
    model = load_stt(settings.stt_model, store)
    if options.manifest:
        cases = recordings(options.manifest)
        words, places = missed(model, cases)
        heard = compared(model, cases, [words[:100]] * len(cases))
        right = sum(holds(heard[at].text, word) for at, word in places if word in words[:100])
        print(
            f"{len(words[:100])} words missed {len(places)} times; with them as key terms heard {right} times"
        )
        told("recordings", heard, verbose=options.verbose)
        return
    speaker = Speaker(store, settings.tts_model)
    texts = tomllib.loads((HERE / "keyterms.toml").read_text())
    said = [line.partition("|")[0].strip() for kind in KINDS for line in texts[kind]["terms"]]
    near = texts["near"]["terms"]
    everything = list(itertools.chain(said, near, texts["others"]["terms"]))
    with_term = list(spoken_terms(texts, options.half, speaker, options.every))
    without = list(without_terms(texts, speaker, options.speech, options.every))
    for count in map(int, options.terms.split(",")):
        heard = compared(model, with_term, list(lists(with_term, everything, near, count)))
        told(f"{count} terms, one of them said", heard, verbose=options.verbose)
        heard = compared(model, without, list(lists(without, everything, near, count)))
        told(f"{count} terms, near words said", [h for h in heard if h.case.near], verbose=options.verbose)
        told(f"{count} terms, none said", [h for h in heard if not h.case.near], verbose=options.verbose)


if __name__ == "__main__":
    main()
