from antiphon.engine.cost import MOST_STREAMS, Limits
from antiphon.engine.learning import TEXTS, learn
from antiphon.engine.speaking import SpeakingEngine
from support.counting import CountingModel


def test_every_stage_is_learnt() -> None:
    model = CountingModel()
    costs = learn(model, rows=2)
    assert costs.plan.predict(100) > 0
    assert costs.first.predict(6) > 0
    assert costs.decode.predict(80) > 0
    assert 0 < costs.demand.per_audio_s < 1
    assert costs.length.predict(100) > 0
    assert max(map(len, model.steps)) == 2
    assert len(TEXTS) > 1


def test_a_taught_engine_knows_what_it_can_hold() -> None:
    model = CountingModel()
    engine = SpeakingEngine(
        model, limits=Limits(), emit=lambda _: None, released=lambda _: None, costs=learn(model)
    )
    assert 1 < engine.outlook.capacity <= MOST_STREAMS
    assert engine.outlook.wait_s > 0
    assert engine.outlook.wait_per_job_s > 0
