"""Import and export: each format is a module of pure readers and writers."""
