"""Cartesia's Python SDK 4.2.0 as it comes: it is told a key, and no address."""

from cartesia import Cartesia
from steps import KEY, RAW, TEXT, VOICE, WAV, kept, run, step

client = Cartesia(api_key=KEY)


@step
def address() -> str:
    return str(client.base_url)


@step
def wav() -> str:
    answer = client.tts.generate(model_id="sonic-latest", transcript=TEXT, voice=VOICE, output_format=WAV)
    return kept("wav.wav", answer.read())


@step
def socket() -> str:
    with client.tts.websocket_connect() as connection:
        context = connection.context(model_id="sonic-latest", voice=VOICE, output_format=RAW)
        context.push(TEXT)
        context.no_more_inputs()
        return kept("socket.pcm", b"".join(e.audio for e in context.receive() if e.type == "chunk"))


run()
