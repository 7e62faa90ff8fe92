"""The command ``video-knet``, and what completes an installation. Imports nothing but the standard library."""
