import numpy as np

from antiphon.models.hibari.noise import noise_at, noise_places

FRAMES = 300
PLACES = noise_places(2**63, 7, FRAMES)
NOISE = noise_at(PLACES)


def test_it_is_complex_normal() -> None:
    for part in NOISE.swapaxes(0, 1):
        assert abs(part.mean()) < 0.01
        assert abs(part.std() - 1) < 0.01
        assert abs((np.abs(part) < 1).mean() - 0.6827) < 0.005


def test_no_bin_goes_with_its_own_other_part_its_neighbours_or_the_next_frames() -> None:
    real, imaginary = NOISE.swapaxes(0, 1)
    pairs = [(real, imaginary), (real[:, :-1], real[:, 1:]), *((real[:-k], real[k:]) for k in (1, 2, 3))]
    for a, b in pairs:
        assert abs((a * b).mean()) < 0.02


def test_any_frames_can_be_had_alone() -> None:
    np.testing.assert_array_equal(noise_at(PLACES[290:]), NOISE[290:])


def test_a_longer_utterance_begins_alike() -> None:
    np.testing.assert_array_equal(noise_places(2**63, 7, FRAMES + 5)[:FRAMES], PLACES)


def test_it_is_keyed_by_seed_and_segment() -> None:
    assert (noise_places(2**63, 8, FRAMES) == PLACES).mean() < 0.01
    assert (noise_places(2**63 + 1, 7, FRAMES) == PLACES).mean() < 0.01
    np.testing.assert_array_equal(noise_places(-1, 0, 2), noise_places(2**64 - 1, 0, 2))
