"""Finding good settings: what a model costs here, what it would do under a load, what to set.

`profile` measures a voice model, `simulation` plays loads through the real engine and policy in virtual time,
`search` finds what each ``batch_size`` can carry within a goal.
"""
