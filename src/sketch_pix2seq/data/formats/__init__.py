"""The layouts in which drawings come: `read` finds out which one a source is in and reads it.

Every layout gives the same thing: `SimplifiedDrawing`s, one after another.
"""
