"""Train a recipe's network: a run folder in, the best epoch's weights and a history out.

The run folder is the whole state: ``backup/`` (Keras' own, each epoch; ``backup_frozen/`` for the
epochs in which a part is frozen), ``best.weights.h5``, ``history.csv``. Killed at any moment, the
same command goes on from the last whole epoch.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxr.errors import DataError
from cxr.imaging.preprocessing import cropped
from cxr.metrics.confusion import source_recall
from cxr.model.calibration import log_loss

from .. import networks
from ..data import lung_fields
from ..data.batches import FilmBatches
from ..data.mixing import needs_lungs
from ..recipes.recipe import Recipe, Training
from . import losses, pretrained
from .devices import share
from .fused import fuse
from .history import History
from .runs import claim

SCORE = "val_source_recall"
_PROCESSOR = Path("/proc/cpuinfo")
"""Of Linux: what the processor can do. Where it is not told, it is taken to have no bfloat16."""


def build(recipe: Recipe) -> Any:
    """The recipe's network as its architecture starts.

    Raises
    ------
    DataError
        ``bad_recipe``: there is no such network, or not with these options, size and labels.
    """
    network, size = recipe.network, recipe.preprocessing.size
    try:
        return networks.build(network.architecture, size, len(recipe.labels), **network.options)
    except (TypeError, ValueError) as error:
        # Keras puts its own call around the reason, which is bold.
        lines = re.sub(r"\x1b\[\d*m", "", str(error)).splitlines()
        reasons = [line for line in lines if line and not line.startswith("Exception encountered")]
        raise DataError(
            "bad_recipe",
            f"The recipe's [network] cannot be built for {size} pixels and {len(recipe.labels)} "
            f"labels: {reasons[0].rstrip('.') if reasons else type(error).__name__}.",
        ) from error


def fit(recipe: Recipe, films: NDArray[np.uint8], frame: pd.DataFrame, run: Path) -> None:
    """Train until the recipe's epochs or its patience are used up.

    Parameters
    ----------
    recipe : Recipe
    films : uint8 (n, S, S)
        The cache, in the order of `frame`.
    frame : DataFrame
        All films; those of `train` with ``recommended`` 1 are learnt from, those of `val` judge.
    run : Path
        The run folder; continued if it holds a run.
    """
    plan = recipe.training
    model, learn, judge = begin(recipe, frame, run)
    if plan.frozen_epochs:
        for name in filter(None, ("features", plan.unfreeze_from)):
            _place_of(model, name)
    history = History(run, recipe, SCORE, _judge(films, frame, judge, recipe))
    if history.finished:
        return
    if recipe.network.weights and not history.epochs:
        pretrained.start(model, recipe)
    fuse(model)
    lungs = lung_fields.of(films) if needs_lungs(recipe.augmentation) else None
    data = FilmBatches(films, frame, recipe, history.epochs, learn, lungs, share())
    if plan.frozen_epochs:
        _learn_from(model, "features", itself=False)
        _train(model, recipe, data, history, (0, plan.frozen_epochs), run / "backup_frozen")
        _learn_from(model, plan.unfreeze_from)
    if not history.finished:
        _train(model, recipe, data, history, (plan.frozen_epochs, plan.epochs), run / "backup")


def begin(
    recipe: Recipe, frame: pd.DataFrame, run: Path
) -> tuple[Any, NDArray[np.intp], NDArray[np.intp]]:
    """Make the run folder, if it isn't there, and what a run of any kind starts from.

    Returns
    -------
    the network as its architecture starts; the rows that are learnt from; the rows that judge.

    Raises
    ------
    DataError
        See :func:`train.fit.runs.claim`.
    """
    run.mkdir(parents=True, exist_ok=True)
    claim(run, recipe, frame)
    learn = np.flatnonzero((frame.split == "train") & (frame.recommended == "1"))
    return _build_to_train(recipe), learn, np.flatnonzero(frame.split == "val")


def _build_to_train(recipe: Recipe) -> Any:
    """As :func:`build`, from the recipe's seed; in bfloat16 where that is asked for and pays."""
    keras.utils.set_random_seed(recipe.training.seed)
    model = build(recipe)
    if not (recipe.training.mixed_precision and _bfloat16_pays(model)):
        return model
    usual = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        keras.utils.set_random_seed(recipe.training.seed)
        return build(recipe)
    finally:
        keras.config.set_dtype_policy(usual)


def _bfloat16_pays(model: Any) -> bool:
    """On a GPU, and on a processor that computes in it; there not for TensorFlow's depthwise
    layers, which it has no fast kernel for."""
    if _on_gpu():
        return True
    if not (_PROCESSOR.is_file() and "bf16" in _PROCESSOR.read_text(encoding="utf-8")):
        return False
    if keras.backend.backend() != "tensorflow":
        return True
    return not any(isinstance(layer, keras.layers.DepthwiseConv2D) for layer in model.layers)


def _on_gpu() -> bool:
    if keras.backend.backend() == "tensorflow":
        return bool(keras.distribution.list_devices("gpu"))
    if keras.backend.backend() == "jax":
        import jax  # asked by Keras for what is not there, it raises

        return bool(jax.default_backend() != "cpu")
    import torch  # Keras lists no devices of torch's

    return bool(torch.cuda.is_available())


def _train(
    model: Any,
    recipe: Recipe,
    data: FilmBatches,
    history: History,
    epochs: tuple[int, int],
    backup: Path,
) -> None:
    """Train from the first of `epochs` to before the last, or what of that is not behind us: the
    backup brings its epoch with it."""
    rate = recipe.training.unfrozen_rate if epochs[0] else 0.0
    steps = (epochs[1] - epochs[0]) * len(data)
    model.compile(
        optimizer_of(recipe.training, rate or recipe.training.learning_rate, steps),
        losses.named(recipe.training.loss, recipe.training.label_smoothing),
        metrics=["accuracy"],
        jit_compile=keras.backend.backend() == "jax",  # which else takes operation by operation
    )
    model._initial_epoch = None  # Keras leaves what an earlier stage's backup has put there
    kept = keras.callbacks.BackupAndRestore(str(backup), delete_checkpoint=False)
    model.fit(
        data, initial_epoch=epochs[0], epochs=epochs[1], shuffle=False, callbacks=[history, kept]
    )


def _place_of(model: Any, name: str) -> int:
    names = [layer.name for layer in model.layers]
    if name not in names:
        raise DataError(
            "bad_recipe",
            f"The network has no layer {name!r} to freeze or unfreeze at; its last are "
            f"{', '.join(names[-8:])}.",
        )
    return names.index(name)


def _learn_from(model: Any, name: str, itself: bool = True) -> None:
    """Let the layers from `name` on learn and none before; an empty name lets all learn."""
    first = _place_of(model, name) + (not itself) if name else 0
    for place, layer in enumerate(model.layers):
        layer.trainable = place >= first


def optimizer_of(plan: Training, learning_rate: float, steps: int) -> Any:
    """The recipe's optimizer; its schedule, if it has one, is laid out over `steps`."""
    rate: Any = learning_rate
    if plan.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(
            learning_rate / 20 if plan.warmup else learning_rate,
            max(1, steps - plan.warmup),
            alpha=0.01,
            warmup_target=learning_rate if plan.warmup else None,
            warmup_steps=plan.warmup,
        )
    kind = {
        "adamw": keras.optimizers.AdamW,
        "adam": keras.optimizers.Adam,
        "rmsprop": keras.optimizers.RMSprop,
        "sgd": keras.optimizers.SGD,
    }[plan.optimizer]
    momentum = {"momentum": 0.9} if plan.optimizer == "sgd" else {}
    decay = plan.weight_decay if plan.optimizer == "adamw" else plan.weight_decay or None
    mean = {"use_ema": True, "ema_momentum": plan.averaged} if plan.averaged else {}
    return kind(rate, weight_decay=decay, clipnorm=plan.clip or None, **momentum, **mean)


def _judge(
    films: NDArray[np.uint8], frame: pd.DataFrame, rows: NDArray[np.intp], recipe: Recipe
) -> Callable[[Any], dict[str, float]]:
    """Figures of a model on the rows that judge it."""
    truth = np.array([recipe.labels.index(label) for label in frame.label.iloc[rows]])
    source = list(frame.source.iloc[rows])

    def judge(model: Any) -> dict[str, float]:
        logits = predict(model, films, rows)
        called = logits.argmax(1)
        return {
            "val_loss": float(log_loss(logits, truth).mean()),
            "val_accuracy": float((called == truth).mean()),
            SCORE: source_recall(truth, called, source),
        }

    return judge


def predict(
    model: Any,
    films: NDArray[np.uint8],
    rows: NDArray[np.integer] | None = None,
    batch: int = 64,
    crop: int = 0,
) -> NDArray[np.float32]:
    """Logits of cached films, or of those in `rows`, cropped: float32 (n, classes)."""
    rows = np.arange(len(films)) if rows is None else rows
    squares = (
        np.stack([cropped(films[row], crop) for row in rows[i : i + batch]])
        for i in range(0, len(rows), batch)
    )
    parts = [model.predict_on_batch(each[..., None].astype(np.float32)) for each in squares]
    return np.concatenate(parts).astype(np.float32)
