"""From QuickDraw files to batches: reading, preparing, storing, augmenting.

The way of a drawing through this room: `download` fetches its file, `formats` reads it,
`prepare` writes it into a data set, `dataset` finds it there again, `batches`
makes it part of a training step. This room knows `sketch` and nothing else of
the package; it knows no torch.
"""
