"""Layers, channels and steps: what lies between a film and its scores."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from films import film, png
from PIL import Image

import cxr
from cxr.features import channels, layers
from cxr.imaging.preprocessing import Preprocessing, cropped, preprocess
from cxr.teaching import preprocessing_stages
from train.export.network_files import write_network
from train.networks import mlp

FILM = png(film(300, 260))


@pytest.fixture(scope="module")
def answers(phantom_model: cxr.Classifier) -> dict[layers.NetworkLayer, np.ndarray]:
    return layers.answers(phantom_model, cxr.read(FILM))


def test_layers_are_named_by_what_they_are(phantom_model: cxr.Classifier) -> None:
    said = [
        (each.name, each.kind, each.side, each.channels) for each in layers.layers_of(phantom_model)
    ]
    assert said == [
        ("relu0", "3 × 3 convolution", 64, 8),
        ("pool0", "maximum", 32, 8),
        ("relu1", "3 × 3 convolution", 32, 16),
        ("pool1", "maximum", 16, 16),
        ("features", "3 × 3 convolution", 16, 32),
    ]
    assert [each.last for each in layers.layers_of(phantom_model)] == [False] * 4 + [True]


def test_answers_are_those_of_the_keras_layers(
    phantom_model: cxr.Classifier, answers: dict[layers.NetworkLayer, np.ndarray]
) -> None:
    import keras

    network = keras.saving.load_model(phantom_model.bundle.folder / "model.keras", compile=False)
    names = ["relu0", "pool0", "relu1", "pool1", "relu2"]
    inside = keras.Model(network.input, [network.get_layer(name).output for name in names])
    square = preprocess(cxr.read(FILM).eight_bit, phantom_model.preprocessing)
    wanted = inside.predict(square[None, ..., None].astype(np.float32), verbose=0)
    for (layer, maps), tensor in zip(answers.items(), wanted, strict=True):
        assert maps.shape == (layer.side, layer.side, layer.channels)
        np.testing.assert_allclose(maps, tensor[0], atol=2e-3)


def test_a_network_without_convolution_has_layers_too(tmp_path: Path) -> None:
    network = mlp.build(16, 2, hidden=(8,))
    write_network(network, ("N", "T"), Preprocessing(size=16), tmp_path / "mlp")
    found = layers.answers(cxr.load(tmp_path / "mlp"), cxr.read(FILM))
    assert [(each.kind, each.side, each.channels) for each in found] == [("dense", 1, 8)]
    assert not any(each.last for each in found)


def test_the_work_can_be_stopped(phantom_model: cxr.Classifier) -> None:
    with pytest.raises(cxr.Cancelled):
        layers.answers(phantom_model, cxr.read(FILM), lambda share: False)


def test_shares_and_bias_add_up_to_the_logit(
    phantom_model: cxr.Classifier, answers: dict[layers.NetworkLayer, np.ndarray]
) -> None:
    films = [cxr.read(FILM), cxr.read(png(film(200, 260)))]
    for label in phantom_model.labels:
        biases = []
        for radiograph in films:
            layer, maps = list(layers.answers(phantom_model, radiograph).items())[-1]
            parts = channels.shares(phantom_model, layer, maps, label)
            assert parts is not None
            logit = phantom_model.predict([radiograph])[0].logits[label]
            biases.append(logit - float(parts.sum()))
        assert biases[0] == pytest.approx(biases[1], abs=1e-4)
    first, maps = next(iter(answers.items()))
    assert channels.shares(phantom_model, first, maps, "N") is None
    with pytest.raises(cxr.ExplainError, match="unknown_class"):
        channels.shares(phantom_model, first, maps, "X")


def test_the_strongest_come_first() -> None:
    maps = np.zeros((2, 2, 3), np.float32)
    maps[..., 1] = -3
    maps[0, 0, 2] = 4
    assert channels.activation(maps).tolist() == [0, 3, 1]
    assert channels.strongest(channels.activation(maps)).tolist() == [1, 2, 0]


def test_a_sheet_scales_its_maps_alike() -> None:
    maps = np.zeros((4, 4, 3), np.float32)
    maps[..., 0], maps[..., 1] = 1.0, 2.0
    image = Image.open(io.BytesIO(channels.sheet(maps, [1, 0, 2], columns=2)))
    assert image.size == (8, 8)
    level = np.asarray(image)
    assert (level[:4, :4] == 255).all()
    assert (level[:4, 4:] == 128).all()
    assert (level[4:, :4] == 0).all()


def test_a_sheet_of_both_signs_keeps_nought_black() -> None:
    maps = np.array([[[0.0, -2.0, 1.0]]], np.float32)
    assert channels.reach(maps) == (-2.0, 2.0)
    image = Image.open(io.BytesIO(channels.sheet(maps, [0, 1, 2], columns=3))).convert("RGB")
    nought, below, above = np.asarray(image)[0].astype(int)
    assert nought.max() <= 2
    assert below.argmax() == 2
    assert above.argmax() == 0


def test_a_channel_s_picture_has_the_film_s_proportions() -> None:
    one = np.array([[0.0, 1.0], [2.0, 4.0]], np.float32)
    drawn = channels.picture(one, 0, 4, (3000, 1500))
    assert drawn.shape == (512, 256)
    assert drawn[[0, 0, -1, -1], [0, -1, 0, -1]].tolist() == [0, 64, 128, 255]
    assert channels.picture(one, 0, 4, (40, 20)).shape == (40, 20)


def test_a_layer_that_answers_nothing_is_drawn_all_the_same() -> None:
    maps = np.zeros((4, 4, 2), np.float32)
    assert channels.reach(maps) == (0, 0)
    assert not np.asarray(Image.open(io.BytesIO(channels.sheet(maps, [0, 1], 2)))).any()
    assert not channels.picture(maps[..., 0], 0, 0, (8, 6)).any()


@pytest.mark.parametrize(
    "how",
    [
        Preprocessing(),
        Preprocessing(64, 100, clahe_clip=2.0, clahe_tiles=4, blur=5),
        Preprocessing(64, 1024, blur=3),
        Preprocessing(64, crop=5),
    ],
)
def test_the_stages_end_where_preprocessing_does(how: Preprocessing) -> None:
    drawn = film(500, 437)
    found = preprocessing_stages.stages(drawn, how)
    assert np.array_equal(found[-1].picture, cropped(preprocess(drawn, how), how.crop))
    assert found[0].picture is drawn
    left_out = {stage.name: stage.left_out for stage in found}
    assert left_out["CLAHE"] == (how.clahe_clip == 0)
    assert left_out["Blurred"] == (how.blur == 0)
    assert left_out["Cropped"] == (how.crop == 0)


def test_the_bundle_s_own_way_gives_its_scores(phantom_model: cxr.Classifier) -> None:
    radiograph = cxr.read(FILM)
    own = phantom_model.preprocessing
    wanted = phantom_model.predict([radiograph])[0].probabilities
    assert preprocessing_stages.scores(phantom_model, radiograph, own) == pytest.approx(wanted)
    blurred = replace(own, blur=31)
    assert preprocessing_stages.scores(phantom_model, radiograph, blurred) != pytest.approx(wanted)
