"""Small tools every room may use. Import the modules: most need no torch."""
