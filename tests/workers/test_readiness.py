"""An STT worker as it is before its first job: with the default models."""

from antiphon.engine.listening import greeting
from antiphon.models.registry import load_stt, load_vad
from antiphon.models.store import ModelStore
from antiphon.settings import load_settings
from antiphon.workers import main


def test_a_worker_knows_what_hearing_costs_and_what_it_learnt_by_was_speech() -> None:
    settings = load_settings()
    store = ModelStore(settings.models_dir)
    model, vad = load_stt(settings.stt_model, store), load_vad(store)
    offering, make_engine = main._stt(model, vad, None, settings)
    assert (offering.kind, offering.model) == ("stt", model.name)
    outlook = make_engine(lambda _: None, lambda _: None).outlook
    assert outlook.wait_s == outlook.wait_per_job_s > 0
    assert outlook.capacity >= 1
    (heard,) = model.step([model.start()], [greeting()], word_timestamps=[False])
    assert heard.text.lower().rstrip("?").endswith("how can i help you today")
