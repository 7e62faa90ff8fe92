"""What a row of the table of faults is."""

from dataclasses import dataclass
from typing import Any, Callable, List, Optional, Union

from tests.tools.world import World

#: A command line, script first; or a call of the Python interface.
Action = Union[List[Any], Callable[[], Any]]


@dataclass(frozen=True)
class Row:
    """One fault in the input, and what has to come of it.

    Attributes:
        fault: What is wrong with the input, in words.
        make: Makes the input below ``world.tmp`` and returns what to run on it. A command writes below
            ``world.tmp / 'out'`` only.
        error: Pattern of the one error that ends it; None if it has to succeed.
        expect: Asserts the result of an action that succeeds: it gets the world, and the standard output and standard
            error of the command together, or the value of the call.
    """

    fault: str
    make: Callable[[World], Action]
    error: Optional[str] = None
    expect: Optional[Callable[[World, Any], None]] = None
