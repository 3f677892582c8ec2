"""How good is a model? The paper's experiments and better ones, measured without torch.

Bundles, a data set and a judge in; a report out. What is measured of a model is a part
(`parts`), which is done once and kept. Sections of the report are made of finished parts; the judge
reads the drawings of people again for each report.
"""
