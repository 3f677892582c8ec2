"""What a drawing is, and every way in and out of it. numpy, no torch."""

from sketch_pix2seq.sketch.raster import RasterSettings, rasterise, rasterise_batch
from sketch_pix2seq.sketch.sketch import Sketch

__all__ = ["RasterSettings", "Sketch", "rasterise", "rasterise_batch"]
