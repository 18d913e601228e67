"""The one codec of the bus: msgpack of the contract's structs (https://msgpack.org, through msgspec)."""

import msgspec

from antiphon.contract.events import Event
from antiphon.contract.jobs import Job, JobInput, OfferReply
from antiphon.contract.presence import ApiAlive, Presence, Pulse

MAX_PAYLOAD_BYTES = 128 * 1024
"""Audio in one message (1.4 s at 24 kHz); longer audio is cut.

NATS carries 32 KB as well as 256, but each message is one more to encode and send for the API server: with
128 KB it spends a third less than with 32 on a second of audio (docs/performance.md)."""

encode = msgspec.msgpack.Encoder().encode

decode_job = msgspec.msgpack.Decoder[Job](Job).decode
decode_offer_reply = msgspec.msgpack.Decoder[OfferReply](OfferReply).decode
decode_job_input = msgspec.msgpack.Decoder[JobInput](JobInput).decode
decode_event = msgspec.msgpack.Decoder[Event](Event).decode
decode_presence = msgspec.msgpack.Decoder(Presence).decode
decode_pulse = msgspec.msgpack.Decoder(Pulse).decode
decode_api_alive = msgspec.msgpack.Decoder(ApiAlive).decode
