"""The documents as a web site: `make docs` builds it from `docs/`, the sources and the studio."""
