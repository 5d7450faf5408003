"""`python -m fullcanvas` is `fullcanvas`."""

from fullcanvas.cli import app

app()
