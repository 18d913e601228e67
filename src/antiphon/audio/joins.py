"""Speech made to stand between two recordings: as loud as they are, in the same room, without a seam."""

from dataclasses import dataclass

import numpy as np

from antiphon.audio.levels import sound_bounds
from antiphon.audio.loudness import gain_to, loudness
from antiphon.audio.roomtone import learn_room_tone, make_room_tone
from antiphon.audio.samples import SILENCE, Samples, clean

MARGIN_S = 0.03
"""Kept on either side of the speech: soft sounds begin below any threshold. Faded in and out."""

MOST_GAIN_DB = 30.0
_PEAK = 10 ** (-1 / 20)

_BRIDGE_S = 0.012
"""How long a sound that was cut off at a join is let fade away."""

_ORDER = 32
_KNOWN_S = 0.04


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands before and after the speech to be fitted in; either may have no samples.

    Attributes:
        left, right: the recordings up to and from the joins, [n].
        pause_before_s, pause_after_s: the pauses wanted, of which the recordings may hold a part already.
        sample_rate: of everything, in Hz.
    """

    left: Samples
    right: Samples
    pause_before_s: float
    pause_after_s: float
    sample_rate: int


def fit_between(speech: Samples, around: Surroundings) -> Samples:
    """What is to be put between the recordings.

    It is as loud as the speech in them. The pauses at the joins are filled up to those wanted. The noise and
    the constant offset of the recordings go on beneath it, from the left one's to the right one's. A sound
    that a recording breaks off in fades away on this side of the join instead of stopping with a click.

    Args:
        speech: [n] with any silence around it.
        around: what it is fitted to.
    """
    rate = around.sample_rate
    body = _level(_trim(speech, rate), around)
    before = np.zeros(_silence(around.left[::-1], around.pause_before_s, rate), np.float32)
    after = np.zeros(_silence(around.right, around.pause_after_s, rate), np.float32)
    fitted = np.concatenate((before, body, after))
    return clean(fitted + _beneath(len(fitted), around) + _bridges(len(fitted), around))


def _trim(speech: Samples, rate: int) -> Samples:
    """The speech without the silence around it, but for faded margins."""
    bounds = sound_bounds(speech, rate)
    if bounds is None:
        return SILENCE
    margin = round(MARGIN_S * rate)
    centred = np.pad(speech - speech.mean(), margin)
    body = centred[bounds[0] : bounds[1] + 2 * margin].astype(np.float32)
    fade = _rise(margin)
    body[:margin] *= fade
    body[len(body) - margin :] *= fade[::-1]
    return body


def _level(body: Samples, around: Surroundings) -> Samples:
    target = loudness(np.concatenate((around.left, around.right)), around.sample_rate)
    if not len(body):
        return body
    gain = gain_to(target, body, around.sample_rate, most_db=MOST_GAIN_DB, peak=_PEAK)
    return body * np.float32(gain)


def _silence(outwards: Samples, wanted_s: float, rate: int) -> int:
    """Samples of silence that a join lacks: the pause wanted, less what is there on both sides of it.

    Args:
        outwards: the recording, beginning at the join.
        wanted_s: seconds between its speech and the speech fitted in.
        rate: in Hz.
    """
    if not len(outwards):
        return 0
    bounds = sound_bounds(outwards, rate)
    there = len(outwards) if bounds is None else bounds[0]
    return max(0, round((wanted_s - MARGIN_S) * rate) - there)


def _beneath(length: int, around: Surroundings) -> Samples:
    """Offset and noise of the recordings, from the left one's to the right one's.

    At the joins there is no new noise: the bridges begin with that of the recordings.
    """
    ends = float(len(around.left) > 0), float(len(around.right) == 0)
    left = np.linspace(*ends, length, dtype=np.float32)
    offset, noise = np.zeros(length, np.float32), np.zeros(length, np.float32)
    for seed, (recording, share) in enumerate(((around.left, left), (around.right, 1.0 - left))):
        if len(recording):
            offset += share * float(recording.mean())
            if tone := learn_room_tone(recording, around.sample_rate):
                # Noises that know nothing of each other add up by power.
                noise += np.sqrt(share) * make_room_tone(tone, length, seed=seed)
    rise = _rise(_reach(length, around))
    noise[: len(rise)] *= rise
    noise[length - len(rise) :] *= rise[::-1]
    return offset + noise


def _bridges(length: int, around: Surroundings) -> Samples:
    """What of the recordings' sounds fades away at the joins."""
    reach = _reach(length, around)
    total = np.zeros(length, np.float32)
    total[:reach] += fade_on(around.left, around.sample_rate)[:reach]
    total[length - reach :] += fade_on(around.right[::-1], around.sample_rate)[:reach][::-1]
    return total


def _reach(length: int, around: Surroundings) -> int:
    return min(round(_BRIDGE_S * around.sample_rate), length)


def fade_on(samples: Samples, rate: int) -> Samples:
    """How a sound would have gone on for 12 ms behind its last sample, while it fades away.

    Each sample is predicted from the 32 before it by the linear rule that fits the last 40 ms best.
    """
    length = round(_BRIDGE_S * rate)
    known = (
        (samples - samples.mean())[-round(_KNOWN_S * rate) :].astype(np.float64) if len(samples) else samples
    )
    if len(known) < 3 * _ORDER or not known.any():
        return np.zeros(length, np.float32)
    past = np.lib.stride_tricks.sliding_window_view(known[:-1], _ORDER)
    power = past.T @ past
    power[np.diag_indices(_ORDER)] += 1e-6 * np.trace(power) / _ORDER
    rule = np.linalg.solve(power, past.T @ known[_ORDER:])
    loudest = np.abs(known).max()
    line = np.concatenate((known[-_ORDER:], np.zeros(length)))
    for at in range(_ORDER, len(line)):
        line[at] = np.clip(line[at - _ORDER : at] @ rule, -loudest, loudest)
    return (line[_ORDER:] * _rise(length)[::-1]).astype(np.float32)


def _rise(length: int) -> Samples:
    """A smooth way from 0 to 1 that reaches neither."""
    return (0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / max(length, 1))).astype(np.float32)
