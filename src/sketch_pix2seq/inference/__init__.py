"""A bundle in, sketches out. numpy alone: no torch, nothing compiled on this machine.

`arguments.py` checks arguments, `inputs.py` and `drawings.py` make what the encoder reads.
`encoders.py`, `decoders.py`, `mixture.py` and `classifier.py` compute, with the arithmetic of
`layers.py`, and of the `attention` decoder `attention.py`, `attention_layers.py` and `pen_view.py`;
`networks.py` makes them of a bundle. `noise.py` gives every drawing its own stream of
noise, `engine.py` draws many at once, and `sketcher.py` is what users call.
"""
