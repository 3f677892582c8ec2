"""Pictures and photos of drawings, traced. `web/static/sketch` traces them alike."""
