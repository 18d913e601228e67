from antiphon.contract.jobs import Accepted, RecognitionJob, Refused, SynthesisJob
from antiphon.contract.presence import ApiAlive, Presence
from antiphon.workers.places import API_SILENT_S, CANCEL_GRACE_S, CANCELLED_S, Places

OFFERING = Presence(worker="w", kind="tts", model="m", languages=("en",), voices=("v",), capacity=2)


def job(name: str = "a", **more: object) -> SynthesisJob:
    return SynthesisJob(
        **{"job": name, "api": "api", "model": "m", "voice": "v", "language": "en", "text": "x"} | more
    )


def reason(places: Places, offered: SynthesisJob | RecognitionJob) -> str:
    reply = places.offer(offered, 0.0)
    return reply.reason if isinstance(reply, Refused) else "accepted"


def test_places_are_counted_and_freed() -> None:
    places = Places(OFFERING)
    assert [reason(places, job(n)) for n in "abc"] == ["accepted", "accepted", "full"]
    assert places.free(job("a"))
    assert not places.free(job("a"))
    assert reason(places, job("c")) == "accepted"


def test_refusals_say_why() -> None:
    places = Places(OFFERING)
    assert reason(places, job(model="x")) == "unknown_model"
    assert reason(places, job(voice="x")) == "unknown_voice"
    assert reason(places, job(language="x")) == "unknown_language"
    hearing = RecognitionJob(job="r", api="api", model="m", language="en")
    assert reason(places, hearing) == "malformed"
    places.draining = True
    assert reason(places, job()) == "draining"


def test_a_newer_attempt_takes_over_its_own_place() -> None:
    places = Places(OFFERING)
    places.offer(job("a"), 0)
    places.offer(job("b"), 0)
    assert isinstance(places.offer(job("a", attempt=1), 0), Accepted)
    assert len(places) == 2
    assert not places.free(job("a", attempt=0))
    assert places.holds("a", 1)


def test_a_heartbeat_cancels_what_its_api_server_no_longer_wants() -> None:
    places = Places(OFFERING)
    places.offer(job("a"), 0.0)
    places.offer(job("b", api="other"), 0.0)
    assert places.heartbeat(ApiAlive("api", ()), CANCEL_GRACE_S / 2) == []
    late = CANCEL_GRACE_S + 0.1
    assert places.heartbeat(ApiAlive("api", (("a", 0),)), late) == []
    assert [j.job for j in places.heartbeat(ApiAlive("api", (("a", 1),)), late)] == ["a"]
    assert [j.job for j in places.heartbeat(ApiAlive("api", ()), late)] == ["a"]


def test_jobs_of_a_silent_api_server_are_orphans() -> None:
    places = Places(OFFERING)
    places.offer(job("a"), 0.0)
    places.offer(job("b", api="other"), 0.0)
    places.heartbeat(ApiAlive("other", (("b", 0),)), API_SILENT_S)
    assert [j.job for j in places.orphans(API_SILENT_S + 0.1)] == ["a"]


def test_room_is_kept_for_speech_that_goes_on() -> None:
    places = Places(OFFERING)
    assert [reason(places, job(n)) for n in "abc"] == ["accepted", "accepted", "full"]
    assert reason(places, job("c", lead_s=0.2)) == "accepted"
    assert reason(places, job("d", resume_at_sample=100)) == "full"
    places.free(job("a"))
    assert reason(places, job("d")) == "full"


def test_an_attempt_that_was_cancelled_before_its_offer_came_gets_no_place() -> None:
    places = Places(OFFERING)
    places.cancelled("a", 1, 0.0)
    assert isinstance(places.offer(job("a"), 0.1), Accepted)
    assert reason(places, job("a", attempt=1)) == "cancelled"
    assert isinstance(places.offer(job("a", attempt=2), 0.1), Accepted)


def test_cancellations_are_forgotten_after_a_while() -> None:
    places = Places(OFFERING)
    places.cancelled("a", 1, 0.0)
    places.cancelled("b", 0, CANCELLED_S + 0.1)
    assert isinstance(places.offer(job("a", attempt=1), 6.0), Accepted)


def test_while_nobody_can_be_heard_no_api_server_is_silent() -> None:
    places = Places(OFFERING)
    places.offer(job("a"), 0.0)
    places.away(API_SILENT_S)
    assert places.orphans(API_SILENT_S + 0.1) == []
    assert [j.job for j in places.orphans(2 * API_SILENT_S + 0.1)] == ["a"]
