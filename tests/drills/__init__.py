"""Drills: what happens to runs that are killed, frozen, or meet a full disk. ``python -m tests.drills`` runs them."""
