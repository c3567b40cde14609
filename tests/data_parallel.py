"""Run by ``test_devices.py`` in processes of their own: fits in a folder, one after the other, on
so many devices each.

Prints a line of JSON for each: how many devices hold the weights, logits on val, losses.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"

import numpy as np
import pandas as pd
from traindata import RECIPE, make_data

from train.data import cache, manifest
from train.fit import devices, training
from train.recipes import recipe

NORMALISED = 'architecture = "cnn"\noptions = { channels = [4, 8], hidden = 0, normalise = true }'


def main(scratch: Path, counts: list[int]) -> None:
    for count in counts:
        if count > 1:
            devices.spread(count)
        print(json.dumps(fitted(scratch / str(count))))


def fitted(scratch: Path) -> dict[str, Any]:
    data = make_data(scratch / "data")
    path = scratch / "tiny.toml"
    plain = RECIPE.replace('architecture = "thumbnail"', NORMALISED)
    path.write_text(plain.replace("epochs = 4", "epochs = 2").partition("[augmentation]")[0])
    plan = recipe.load(str(path))
    frame = manifest.load(data)
    films = cache.films(frame, data, plan.labels, plan.learns_from, scratch / "cache")
    training.fit(plan, films, frame, scratch / "run")
    model = training.build(plan)
    model.load_weights(scratch / "run" / "best.weights.h5")
    # 17 films: a last batch that two devices cannot halve.
    odd = np.flatnonzero(frame.split == "val")[:17]
    return {
        "on_gpu": training._on_gpu(),
        "devices": len(model.trainable_variables[0].value.sharding.device_set),
        "logits": training.predict(model, films, odd).tolist(),
        "losses": pd.read_csv(scratch / "run" / "history.csv").loss.tolist(),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(count) for count in sys.argv[2:]])
