"""A bundle in, sketches out. numpy and ONNX Runtime, no torch.

`bundle.py` reads the model, `arguments.py` checks what is asked, `inputs.py` and `views.py` make
what the encoder looks at, `session.py` hands the model to ONNX Runtime, `noise.py` gives every
drawing its own stream of noise, `engine.py` draws many of them at once, and `sketcher.py`
is what users call.
"""
