"""Run all drills and print their table: ``python -m tests.drills [WORD ...]``, only those whose names hold a word."""

import sys
import tempfile
from pathlib import Path

from tests.drills.drills import DRILLS
from tests.drills.scene import Outcome, Scene, TooLate, table


def main() -> int:
    """Run the drills; the exit code is 1 if one of them does not hold."""
    with tempfile.TemporaryDirectory(prefix='drills-') as folder:
        scene = Scene(Path(folder))
        rows = []
        for name, drill in DRILLS.items():
            if len(sys.argv) > 1 and not any(word in name for word in sys.argv[1:]):
                continue
            try:
                outcome = drill(scene)
            except TooLate as error:
                outcome = Outcome(equal=False, note=str(error))
            rows.append((name, outcome))
            print(f'{name}: {outcome}', file=sys.stderr, flush=True)
    print(table(rows))
    return int(not all(outcome.holds for _, outcome in rows))


if __name__ == '__main__':
    sys.exit(main())
