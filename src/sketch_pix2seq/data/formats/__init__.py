"""The layouts in which drawings come and go, a module for each.

`read.py` finds out which one a source is in; `reading.py` counts what is wrong with it. Every
layout gives the same thing: `SimplifiedDrawing`s, one after another.
"""
