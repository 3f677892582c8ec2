"""What a drawing is: strokes, offsets, simplified, as a picture. numpy, no torch."""

from sketch_pix2seq.sketch.raster import RasterSettings, rasterise, rasterise_batch
from sketch_pix2seq.sketch.sketch import Sketch

__all__ = ["RasterSettings", "Sketch", "rasterise", "rasterise_batch"]
