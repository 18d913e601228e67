"""The engine of a worker: streams join and leave at any step; each step runs the model once for some of them.

Read `policy` (whose turn is it), `speaking` and `hearing` (what a step does), `loop` (the thread).
"""
