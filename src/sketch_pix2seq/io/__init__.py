"""Files of drawings: SVG, pictures and photos, ndjson, animations, sheets. numpy, no torch."""
