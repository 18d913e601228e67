import pytest

from antiphon.cli.plan import http_url, make_plan
from antiphon.errors import SettingsError
from antiphon.settings import Settings, load_settings


def test_every_process_has_its_own_metrics_port_in_order() -> None:
    plan = make_plan(Settings(tts_workers=2, stt_workers=1))
    processes = [plan.api, *plan.workers]
    assert [process.name for process in processes] == ["api", "tts-1", "tts-2", "stt-1"]
    assert [process.settings.metrics_port for process in processes] == [8080, 8081, 8082, 8083]


def test_all_ports_are_listed_with_the_option_that_moves_them() -> None:
    plan = make_plan(Settings(tls_cert="c.pem", tls_key="k.pem"))
    assert [(port.number, port.flag) for port in plan.ports] == [
        (4222, "--nats-port"),
        (8222, "--nats-monitoring-port"),
        (5000, "--api-port"),
        (5443, "--api-tls-port"),
        (8080, "--metrics-port"),
        (8081, "--metrics-port"),
        (8082, "--metrics-port"),
    ]
    assert 5443 not in {port.number for port in make_plan(Settings()).ports}


def test_port_0_becomes_free_ports() -> None:
    plan = make_plan(Settings(api_port=0, metrics_port=0, nats_port=14222, nats_monitoring_port=18222))
    numbers = [port.number for port in plan.ports]
    assert 0 not in numbers
    assert len(set(numbers)) == len(numbers)
    assert plan.url == f"http://127.0.0.1:{plan.api.settings.api_port}"


def test_metrics_ports_end_with_the_last_port() -> None:
    assert make_plan(Settings(metrics_port=65533)).workers[-1].settings.metrics_port == 65535
    with pytest.raises(SettingsError, match=r"would want port 65536 .* at most 65533"):
        make_plan(Settings(metrics_port=65534))


def test_children_get_all_settings_by_variables_and_only_the_api_gets_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANTIPHON_CONFIG", "/a/file")
    monkeypatch.setenv("ANTIPHON_BATCH_SIZE", "99")
    monkeypatch.setenv("UNRELATED", "kept")
    settings = Settings(batch_size=3, api_key="hush", nats_port=4333)
    plan = make_plan(settings)
    worker = plan.workers[0].service()
    api = plan.api.service("hush")
    assert worker.environment["UNRELATED"] == "kept"
    assert "ANTIPHON_CONFIG" not in worker.environment
    resolved = load_settings(environ=worker.environment)
    assert (resolved.batch_size, resolved.nats_url) == (3, "nats://127.0.0.1:4333")
    assert resolved.api_key is None
    assert not any("hush" in word for word in [*api.argv, *worker.argv])
    assert api.environment["ANTIPHON_API_KEY"] == "hush"


def test_more_models_that_hear_have_a_worker_each() -> None:
    plan = make_plan(Settings(stt_workers=2, extra_stt_models="whisper-base, my-whisper"))
    told = {worker.name: (worker.what, worker.command) for worker in plan.workers if "stt" in worker.name}
    assert told == {
        f"stt-{number}": (f"hears ({model})", ("worker", "stt", "--model", model))
        for number, model in enumerate(
            ["moonshine-tiny-en", "moonshine-tiny-en", "whisper-base", "my-whisper"], start=1
        )
    }
    assert len({worker.settings.metrics_port for worker in plan.workers}) == 5


def test_each_child_is_asked_at_its_own_metrics_port() -> None:
    plan = make_plan(Settings(metrics_host="0.0.0.0"))
    assert plan.workers[1].service().ready_url == "http://127.0.0.1:8082/readyz"


def test_a_child_may_use_its_grace_before_it_is_killed() -> None:
    assert make_plan(Settings(shutdown_grace_s=20)).api.service().grace_s > 20


def test_all_listeners_are_told() -> None:
    plan = make_plan(Settings(tls_cert="c.pem", tls_key="k.pem"))
    told = " ".join(address for _, _, address in plan.listeners())
    assert all(f":{port.number}" in told for port in plan.ports)
    assert "https://127.0.0.1:5443" in told


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:1"),
        ("0.0.0.0", "http://127.0.0.1:1"),
        ("::", "http://[::1]:1"),
        ("::1", "http://[::1]:1"),
        ("speech.example", "http://speech.example:1"),
    ],
)
def test_addresses_become_urls_this_host_can_reach(host: str, url: str) -> None:
    assert http_url(host, 1) == url
