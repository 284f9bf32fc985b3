"""Fuzz one target for some time: `python -m fuzz TARGET SECONDS`. What breaks it is kept in `fuzz/finds`."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(include=["collab"]):
    from fuzz.targets import TARGETS

from fuzz.seeds import seeds_of

FINDS = Path(__file__).parent / "finds"


def main() -> None:
    """Run libFuzzer on the target's seeds."""
    if len(sys.argv) != 3 or sys.argv[1] not in TARGETS or not sys.argv[2].isdigit():
        sys.exit(f"usage: python -m fuzz TARGET SECONDS; TARGET is one of {', '.join(TARGETS)}")
    target, seconds = sys.argv[1:]
    FINDS.mkdir(exist_ok=True)
    with TemporaryDirectory() as corpus:
        for number, seed in enumerate(seeds_of(target)):
            (Path(corpus) / str(number)).write_bytes(seed)
        options = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=2048", "-max_len=4096", "-verbosity=0"]
        print(f"{target}: {seconds} s", flush=True)
        atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={FINDS}/{target}-", corpus], TARGETS[target])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
