"""Sounds in which nobody speaks, made from a seed."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE = 16_000

Floats = NDArray[np.float64]

LEVELS = (-70, -50, -35, -20)
"""Of noise, in dBFS RMS."""


def noise(random: np.random.Generator, count: int, slope: float) -> Floats:
    """Noise whose power falls with frequency to this power: 0 white, 1 pink, 2 brown. RMS about 1."""
    frequency = np.fft.rfftfreq(count, 1 / RATE)
    spectrum = random.normal(size=len(frequency)) + 1j * random.normal(size=len(frequency))
    return _unit(np.fft.irfft(spectrum * np.maximum(frequency, 20) ** (-slope / 2), count))


def scaled(sound: Floats, dbfs: float) -> NDArray[np.float32]:
    """At so many dBFS RMS."""
    return (_unit(sound) * 10 ** (dbfs / 20)).astype(np.float32)


def sounds(seconds: int, seed: int) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """All kinds of them, each so long, with its name."""
    random = np.random.default_rng(seed)
    time = np.arange(seconds * RATE) / RATE
    yield "digital silence", np.zeros(len(time), np.float32)
    for name, slope in (("white", 0.0), ("pink", 1.0), ("brown", 2.0)):
        for level in LEVELS:
            yield f"{name} noise, {level} dBFS", scaled(noise(random, len(time), slope), level)
    for name, sound, level in [*_steady(random, time), *_line(random, time), *_room(random, time)]:
        yield name, scaled(sound, level)


def _steady(random: np.random.Generator, time: Floats) -> Iterator[tuple[str, Floats, float]]:
    hum = sum((np.sin(2 * np.pi * 50 * k * time + k) / k for k in (1, 2, 3, 4, 6, 8)), np.zeros(len(time)))
    yield "hum", hum, -35
    yield "hum in noise", _unit(hum) + 0.3 * noise(random, len(time), 0), -45
    for frequency in (100, 440, 1_000, 3_000):
        yield f"tone of {frequency} Hz", np.sin(2 * np.pi * frequency * time), -20
    yield "siren", _glide(700 + 300 * np.sin(2 * np.pi * 0.7 * time), (1.0, 0.3)), -18
    gusts = _between(time, 0.5, lambda count: random.uniform(0.05, 1, count))
    yield "wind", noise(random, len(time), 2) * gusts, -25
    yield "fan", noise(random, len(time), 1.5) * (1 + 0.2 * np.sin(2 * np.pi * 23 * time)), -30
    steps = _between(time, 0.1, lambda count: random.normal(size=count))
    yield "noise with the shape and rhythm of speech", _band(random, len(time), 100, 1_500) * steps, -25


def _line(random: np.random.Generator, time: Floats) -> Iterator[tuple[str, Floats, float]]:
    keys = np.zeros(len(time))
    length = np.arange(RATE // 10) / RATE
    for start in range(0, len(time) - RATE // 2, RATE // 4):
        low, high = random.choice([697, 770, 852, 941]), random.choice([1_209, 1_336, 1_477, 1_633])
        key = np.sin(2 * np.pi * low * length) + np.sin(2 * np.pi * high * length)
        keys[start : start + len(length)] = key
    yield "DTMF", keys, -20
    pair = [np.sin(2 * np.pi * f * time) for f in (440, 480, 400, 450, 425, 620)]
    yield "ringing, US", (pair[0] + pair[1]) * (time % 6 < 2), -20
    within = time % 3
    yield "ringing, UK", (pair[2] + pair[3]) * ((within < 0.4) | ((within > 0.6) & (within < 1))), -20
    yield "ringing, Europe", pair[4] * (time % 5 < 1), -20
    yield "busy", (pair[1] + pair[5]) * (time % 1 < 0.5), -20
    yield "beeps", np.sin(2 * np.pi * 800 * time) * (time % 1 < 0.2), -20
    bits = np.repeat(random.choice([1_200.0, 2_200.0], len(time) // 13 + 1), 13)[: len(time)]
    yield "modem", _glide(bits, (1.0,)), -20


def _room(random: np.random.Generator, time: Floats) -> Iterator[tuple[str, Floats, float]]:
    clicks = np.zeros(len(time))
    clicks[random.integers(0, len(time), len(time) // 5_000)] = 1
    yield "clicks", clicks, -30
    knock = np.exp(-np.arange(800) / 120)
    yield "knocks", _scattered(random, len(time), 0.3, lambda: random.normal(size=800) * knock), -25
    for level in (-45, -30, -20):
        yield f"breathing, {level} dBFS", _breathing(random, len(time)), level
    yield "keyboard", _scattered(random, len(time), 0.15, lambda: _key(random)), -30
    rustle = np.hanning(RATE // 8)
    paper = _scattered(random, len(time), 0.4, lambda: _band(random, len(rustle), 2_000, 7_000) * rustle)
    yield "paper", paper, -35
    yield "coughs", _scattered(random, len(time), 2.0, lambda: _cough(random)), -28
    bark = _glide(np.linspace(500, 300, RATE // 6), (1, 0.7, 0.5, 0.4, 0.3)) * np.hanning(RATE // 6)
    yield "barks", _scattered(random, len(time), 0.9, lambda: bark), -22
    for name, fall in (("organ", 0.0), ("plucked", 3.0)):
        yield f"chords, {name}", _chords(random, time, fall), -20
    notes = _between(time, 1.0, lambda count: random.integers(-5, 7, count))
    pitch = 140 * 2 ** (np.round(notes) / 12)
    hummed = _glide(pitch * (1 + 0.01 * np.sin(2 * np.pi * 5 * time)), [1 / k**2 for k in range(1, 12)])
    yield "humming", hummed * (0.6 + 0.4 * np.sin(2 * np.pi * 0.8 * time)), -25


def _unit(sound: Floats) -> Floats:
    return sound / (np.sqrt(np.mean(np.square(sound))) + 1e-12)


def _band(random: np.random.Generator, count: int, low: float, high: float) -> Floats:
    frequency = np.fft.rfftfreq(count, 1 / RATE)
    spectrum = random.normal(size=len(frequency)) + 1j * random.normal(size=len(frequency))
    shape = 1 / (1 + ((frequency - (low + high) / 2) / ((high - low) / 2)) ** 4)
    return _unit(np.fft.irfft(spectrum * shape, count))


def _glide(frequency: Floats, harmonics: Sequence[float]) -> Floats:
    phase = 2 * np.pi * np.cumsum(frequency) / RATE
    weights = np.asarray(harmonics, np.float64)
    return np.asarray(sum(w * np.sin((i + 1) * phase) for i, w in enumerate(weights)))


def _scattered(random: np.random.Generator, count: int, every_s: float, make: Callable[[], Floats]) -> Floats:
    """Events at uneven intervals."""
    sound, at = np.zeros(count), 0
    while True:
        at += int(RATE * every_s * random.uniform(0.4, 1.6))
        event = make()
        if at + len(event) >= count:
            return sound
        sound[at : at + len(event)] += event * random.uniform(0.2, 1)


def _breathing(random: np.random.Generator, count: int) -> Floats:
    def breath() -> Floats:
        inward, outward = (int(RATE * random.uniform(1, 1.8)) for _ in range(2))
        drawn = _band(random, inward, 400, 1_800) + 0.5 * _band(random, inward, 2_500, 4_500)
        blown = 0.8 * _band(random, outward, 250, 1_100) * np.hanning(outward) ** 1.5
        return np.concatenate([drawn * np.hanning(inward), np.zeros(RATE // 5), blown])

    return _scattered(random, count, 4.5, breath)


def _key(random: np.random.Generator) -> Floats:
    count = RATE // 30
    press = _band(random, count, 1_500, 6_000) * np.exp(-np.arange(count) / random.uniform(60, 150))
    return np.concatenate([press, np.zeros(int(RATE * random.uniform(0.03, 0.08))), 0.5 * press])


def _cough(random: np.random.Generator) -> Floats:
    burst, voice = np.arange(RATE // 4) / RATE, np.arange(RATE // 3) / RATE
    buzz = np.sign(np.sin(2 * np.pi * 110 * voice)) * np.exp(-8 * voice)
    return np.concatenate([_band(random, len(burst), 300, 3_500) * np.exp(-burst / 0.06), 0.3 * buzz])


def _chords(random: np.random.Generator, time: Floats, fall: float) -> Floats:
    sound = np.zeros(len(time))
    length = np.arange(RATE) / RATE
    for start in range(0, len(time) - RATE + 1, RATE):
        root = random.choice([220.0, 174.6, 261.6, 196.0])
        chord = sum(
            _glide(np.full(RATE, root * step), [1 / k for k in range(1, 7)]) for step in (1, 1.26, 1.5)
        )
        sound[start : start + RATE] = chord * np.exp(-fall * length) * np.minimum(1, 50 * length)
    return sound


def _between(time: Floats, every_s: float, make: Callable[[int], NDArray[Any]]) -> Floats:
    """A curve through values made for every so many seconds."""
    knots = np.arange(0, time[-1] + 2 * every_s, every_s)
    return np.interp(time, knots, make(len(knots)))
