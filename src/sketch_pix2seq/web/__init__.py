"""Two web applications, the studio and the Turing site, and what they are both built on."""
