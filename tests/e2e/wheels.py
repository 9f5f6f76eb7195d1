"""`farthing` on a machine that lacks some modules."""

import sys

BLOCKING = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1].split(","):
            raise ModuleNotFoundError(f"no {name} here")

sys.meta_path.insert(0, Missing())
from router.cli import main
sys.exit(main(sys.argv[2:]))
"""


def without(missing: str) -> list[str]:
    """`farthing`, on a machine that has no modules of these names."""
    return [sys.executable, "-c", BLOCKING, missing]
