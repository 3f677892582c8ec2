"""Two web applications, the studio and the Turing site, and what they are both built on.

Knows HTTP, pages and limits. Draws nothing itself and trains nothing; it knows no data sets.
"""
