"""The Turing test as a web site: people say of sketches whether a human drew them.

database            tables, migrations, opening SQLite or PostgreSQL
store               participants and their votes
place               where a participant is in their own order of sketches
consent             a study's own consent text
pictures            the sketches, as pictures that reveal nothing but the drawing
participant_cookie  which participant a request comes from
app                 the pages
results             what the votes say, behind a token
"""
