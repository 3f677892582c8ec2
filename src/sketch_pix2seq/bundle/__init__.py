"""The bundle: a trained model as users exchange it. Numbers and words, never code.

A folder, or that folder zipped:

    model.json              what the model is: see `BundleCard`
    weights.safetensors     its weights, by the names that they have in training
    README.md               model card, for people
    latents.safetensors     may be missing: completes, draws by name, classifies; see
                            `LatentGaussians`
    classifier.json, classifier.safetensors
                            may be missing: classify pictures; see `ClassifierCard`
    gallery.ndjson          may be missing: human drawings on a map; see `Gallery`

`bundle.py` reads one whole. `files.py` reads the files of an untrusted folder or zip
file; `card.py`, `architectures.py`, `checks.py` and `weights.py` check what is in them. Reading
executes and writes nothing, and its time and memory are bounded.
"""
