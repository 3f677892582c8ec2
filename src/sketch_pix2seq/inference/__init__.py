"""A bundle in, sketches out. numpy and ONNX Runtime, no torch.

`bundle.py` reads the model, `session.py` hands it to ONNX Runtime, `noise.py` gives every
drawing its own stream of noise, `engine.py` draws many of them at once, and `sketcher.py`
is what users call.
"""
