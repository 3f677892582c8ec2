"""From QuickDraw files to batches: reading, preparing, storing, augmenting.

`quickdraw` downloads files, `reading` reads them, `prepare` (with `sources`, `shards` and `encode`)
writes a data set, `dataset` opens it, `batches` makes training batches of it; `convert` writes it
back. Imports `sketch` and `io`, no
torch.
"""
