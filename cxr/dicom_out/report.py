"""A film's scores as a structured report (DICOM's TID 1500), for viewers that read measurements."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    ComprehensiveSR,
    DeviceObserverIdentifyingAttributes,
    GraphicTypeValues,
    ImageRegion,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    SourceImageForRegion,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import ExplicitVRLittleEndian

from ..dicomweb.reference import REPORT, series_of, uid_of
from ..model.classifier import Classifier
from ..notice import NOTICE
from ..screening.assess import Assessment
from . import codes as ours
from . import sentences
from .marks import MarkedRegion

SERIES_NUMBER = 9901
_DIGITS = 4
"""Of a score: further ones differ from processor to processor, and so would the report's UID."""


def report(
    source: Dataset,
    found: Assessment,
    model: Classifier,
    region: MarkedRegion | None,
    chosen: Mapping[str, float],
    known_hospital: bool,
) -> Dataset:
    """The report, preliminary and verified by nobody.

    Parameters
    ----------
    source : Dataset
        See :func:`cxr.dicom_out.source.source_of`.
    chosen : mapping
    known_hospital : bool
        See :func:`cxr.dicom_out.results.results`.
    """
    prediction, _ = found.scored
    film = str(source.SOPInstanceUID)
    values = [
        (ours.probability(label), round(p, _DIGITS))
        for label, p in prediction.probabilities.items()
    ]
    if (stands := found.standing) is not None:
        against = ours.log_odds(stands.positive, stands.negative)
        values.append((against, round(stands.log_odds, _DIGITS)))
        if stands.threshold is not None:
            values.append((ours.THRESHOLD, round(stands.threshold, _DIGITS)))
    fall = region.effects if region is not None else {}
    falls = [(ours.effect(label), round(value, _DIGITS)) for label, value in fall.items()]
    told = [*sentences.checks(found), *sentences.standing(found, chosen, known_hospital)]
    texts = [NOTICE, *told, sentences.network(model)]
    outline = _outline(source, region) if region is not None else None
    content = {
        "network": model.bundle.digest,
        "values": [(code.value, value) for code, value in (*values, *falls)],
        "texts": texts,
        "region": None if outline is None else outline.tolist(),
    }
    # The same words about the same film are the same report, however often they are said.
    instance = uid_of("CXR Lens", REPORT, film, json.dumps(content))
    algorithm = AlgorithmIdentification(f"CXR Lens, {model.bundle.name}", model.bundle.digest)
    groups: list[
        MeasurementsAndQualitativeEvaluations | PlanarROIMeasurementsAndQualitativeEvaluations
    ] = [
        MeasurementsAndQualitativeEvaluations(
            TrackingIdentifier(uid_of(instance, "scores"), "Scores"),
            finding_type=ours.SCORES,
            algorithm_id=algorithm,
            measurements=_measured(values),
            source_images=[SourceImageForMeasurementGroup(source.SOPClassUID, film)],
        )
    ]
    if outline is not None:
        groups.append(
            PlanarROIMeasurementsAndQualitativeEvaluations(
                TrackingIdentifier(uid_of(instance, "region"), "Region"),
                referenced_region=ImageRegion(
                    GraphicTypeValues.POLYLINE,
                    outline,
                    SourceImageForRegion(source.SOPClassUID, film),
                ),
                finding_type=ours.HIDDEN,
                algorithm_id=algorithm,
                measurements=_measured(falls),
            )
        )
    root = MeasurementReport(
        ObservationContext(
            observer_device_context=ObserverContext(
                CodedConcept.from_code(codes.DCM.Device),
                DeviceObserverIdentifyingAttributes(ours.DEVICE, "CXR Lens"),
            )
        ),
        ours.CHEST_FILM,
        groups,
    )
    root[0].ContentSequence.extend(
        TextContentItem(codes.DCM.Comment, text, RelationshipTypeValues.CONTAINS) for text in texts
    )
    return ComprehensiveSR(
        evidence=[source],
        content=root[0],
        series_instance_uid=series_of(REPORT, film),
        series_number=SERIES_NUMBER,
        sop_instance_uid=instance,
        instance_number=1,
        manufacturer=ours.MANUFACTURER,
        manufacturer_model_name="CXR Lens",
        series_description="CXR Lens, scores. Research and teaching only",
        is_complete=True,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        coding_schemes=[ours.scheme()],
    )


def _measured(values: list[tuple[Code, float]]) -> list[Measurement]:
    return [Measurement(code, value, ours.NO_UNIT) for code, value in values]


def _outline(source: Dataset, region: MarkedRegion) -> np.ndarray:
    """The box's corners (column, row), closed, within the film."""
    x, y, width, height = region.box
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
    return np.clip(np.array(corners, np.float64), 0, (source.Columns, source.Rows))
