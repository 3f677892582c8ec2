"""Recipes, and the loop that follows them.

Read `loop.py` top to bottom; it calls the others: recipes
(`recipe.py`, `recipes.py`), the optimiser (`optimiser.py`), files of a run (`run.py`,
`checkpoint.py`), what bundles say of it (`cards.py`), sheets of redrawings (`sheet.py`), and what a
run needs of its machine and of other processes (`machine.py`, `process_group.py`).
"""
