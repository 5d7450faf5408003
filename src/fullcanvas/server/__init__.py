"""The annotator: web application, store and security; the page lies in `web`."""
