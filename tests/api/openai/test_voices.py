from pathlib import Path

import pytest

from antiphon.api.openai.voices import OPENAI_VOICES, find_voice
from antiphon.catalog.store import local_store
from antiphon.catalog.voices import LOCAL_VOICES, Voices, local_voice
from antiphon.errors import VoiceNotFound

NOVA = local_voice(
    key="nova",
    model="other",
    name="Nova",
    gender="feminine",
    accent="general-american",
    tagline="x",
    description="x",
)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        *((name, "nova" if name == "nova" else "heart") for name in OPENAI_VOICES),
        ("Alloy", "heart"),
        ("af_heart", "heart"),
        ("af_sky", "nova"),
        ("af_sky+af_bella", "nova"),
        ("af_bella(2)+af_sky", "heart"),
        ("af_sky-af_bella", "nova"),
        (NOVA.id, "nova"),
    ],
)
def test_local_voices_and_aliases_come_first_then_known_names(tmp_path: Path, name: str, key: str) -> None:
    with local_store(tmp_path) as store:
        aliases = {"af_sky": "nova"}
        voices = Voices(aliases=aliases, default="heart", store=store, local=(*LOCAL_VOICES, NOVA))
        assert find_voice(name, voices).key == key


@pytest.mark.parametrize("name", ["", "nobody", "af_", "xf_bella", "+alloy", "af_bella!"])
def test_other_names_are_refused(tmp_path: Path, name: str) -> None:
    with local_store(tmp_path) as store:
        voices = Voices(aliases={}, default="heart", store=store)
        with pytest.raises(VoiceNotFound):
            find_voice(name, voices)
