"""The Turing test as a web site: people say of sketches whether a human drew them.

database    tables, migrations, opening SQLite or PostgreSQL
store       who takes part and what they said
order       in which order a participant sees the sketches
pictures    the sketches, as pictures that tell nothing but the drawing
visits      which participant a request comes from
app         the pages
results     what the votes say, behind a token
"""
