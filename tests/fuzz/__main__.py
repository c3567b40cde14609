"""Read altered films by the thousand and report every one that is neither read nor refused as
promised.

python -m tests.fuzz                             20,000 files
python -m tests.fuzz --files 1000000 --seed 3
python -m tests.fuzz --seed 3 --show 1234 > altered     the bytes of one file, to try it alone
"""

from __future__ import annotations

import argparse
import sys

from tqdm import tqdm

from tests.fuzz.files import altered_file
from tests.fuzz.hunt import hunt


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m tests.fuzz", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="where an earlier run had stopped")
    parser.add_argument("--show", type=int, metavar="NUMBER", help="write this one file instead")
    options = parser.parse_args()
    if options.show is not None:
        sys.stdout.buffer.write(altered_file(options.seed, options.show))
        return 0
    stop = options.first + options.files
    with tqdm(total=stop, initial=options.first, unit="file", mininterval=1) as bar:
        report = hunt(
            options.seed,
            options.first,
            stop,
            progress=lambda done: bar.update(done - bar.n),
        )
    for what, times in report.outcomes.most_common():
        print(f"{times:9,}  {what}")
    for finding in report.findings:
        print(finding)
    if report.printed:
        print("Printed while reading:", report.printed[-2000:], sep="\n")
    return 1 if report.findings or report.printed else 0


if __name__ == "__main__":
    sys.exit(main())
