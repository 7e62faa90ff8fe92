"""Reproduce the numbers of the paper: what each benchmark needs as data, and what carries it out step by step."""
