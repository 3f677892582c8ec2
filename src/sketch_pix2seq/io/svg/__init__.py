"""SVG files: reading the lines that are seen, and writing. `web/static/studio` reads them alike."""
