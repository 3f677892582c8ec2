"""The figures that the project holds itself to: `make bench`."""
