"""Files that evaluation servers take, one module per server."""
