"""From QuickDraw files to batches: reading, preparing, storing, augmenting.

The way of a drawing through this room: `quickdraw` fetches its file, `formats` reads it, `prepare`
(with `sources`, `shards` and `encode`) writes it into a data set, `dataset` finds it there again,
`batches` makes it part of a training step; `convert` writes it back. Imports `sketch` and `io`, no
torch.
"""
