"""Load tests of any server that speaks Cartesia's protocol, and what its listeners hear.

::

    from antiphon.loadtest.loads import open_loop
    from antiphon.loadtest.speech import WebSocketClient
    from antiphon.loadtest.summary import summarise
    from antiphon.loadtest.target import Target

    client = WebSocketClient(Target("http://127.0.0.1:5000", key))  # or SseClient, BytesClient
    run = await open_loop(client, rps=10, duration_s=30, seed=1)
    run.requests                # each with its times, underruns and error
    summarise(run).ttfa.p95     # in seconds; several runs (seeds) go into one summary
    await client.aclose()

`closed_loop` and `listening_loop` are the other loads. Anything with the two methods of `SpeechClient` and a
`Target` can be driven. Run it on uvloop.
"""
