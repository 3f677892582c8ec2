"""The command `sketch-pix2seq`: one thin module per verb.

A verb reads its flags, calls one room of the package and says what came of it. This is
the only room that prints.
"""
