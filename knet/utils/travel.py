"""Errors on their way from one process to another."""

import pickle


def portable(error: Exception) -> Exception:
    """Return an error that can be pickled and rebuilt: the error itself, or one with its type and text.

    Some errors of other libraries cannot be rebuilt from their arguments.
    """
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f'{type(error).__name__}: {error}')
    return error
