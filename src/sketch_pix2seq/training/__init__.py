"""Recipes, and the loop that follows them.

Read `loop.py` top to bottom; everything else here is what it calls: what is to be
trained (`recipe.py`, `recipes.py`), how weights move (`optimiser.py`), what lies on
disk (`run.py`, `checkpoint.py`), what one can watch (`sheet.py`), and what a run needs of its
machine and of other processes (`machine.py`, `process_group.py`).
"""
