"""Makes digits.npz from a copy of the UCI handwritten digits: `python make_digits.py digits.csv.gz
digits.npz`.

The input is the table of 1797 rows that scikit-learn ships (sklearn/datasets/data/digits.csv.gz): 64 pixels
from 0 to 16, then the digit. The split keeps every digit's share (stratified) and depends on the seed alone.
"""

import gzip
import io
import sys
import zipfile

import numpy as np

SEED = 20261121
TEST = 397


def main(source: str, target: str) -> None:
    with gzip.open(source) as rows_of_text:
        table = np.loadtxt(rows_of_text, delimiter=",", dtype=np.uint8)
    pixels, digits = table[:, :64].reshape(-1, 8, 8, 1), table[:, 64]
    rng = np.random.default_rng(SEED)
    # Shares of the test part by largest remainder, so that they add up to exactly TEST.
    exact = np.bincount(digits, minlength=10) * TEST / len(digits)
    shares = exact.astype(int)
    shares[np.argsort(shares - exact, kind="stable")[: TEST - shares.sum()]] += 1
    test = np.sort(
        np.concatenate([rng.permutation(np.flatnonzero(digits == d))[: shares[d]] for d in range(10)])
    )
    train = np.setdiff1d(np.arange(len(digits)), test)
    parts = {"train": train, "test": test}
    # Written by hand for fixed dates: the same input gives the same file.
    with zipfile.ZipFile(target, "w") as archive:
        for part, rows in parts.items():
            for name, array in (("inputs", pixels[rows]), ("labels", digits[rows])):
                buffer = io.BytesIO()
                np.save(buffer, array)
                entry = zipfile.ZipInfo(f"{part}_{name}.npy", (1998, 7, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, buffer.getvalue())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
