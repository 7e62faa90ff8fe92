"""Small tools that every package may use. Import the modules: most need no torch."""
