"""Columns of a table that say what its pictures are, and what in them is no frontal radiograph.

The codes are those by which a DICOM file whose tags say the same is refused. Words that are not
here say nothing.
"""

from __future__ import annotations

import re

import pandas as pd


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_VIEWS = _words("""
    view views viewposition viewpos viewtype viewlabel viewcode viewname projection projectiontype
    filmview imageview xrayview viewcodesequencecodemeaning frontallateral appa paap appalateral""")
_KINDS = _words("""
    modality modalities imagemodality imagingmodality imaging scan scantype imagetype examtype exam
    examination studytype technique""")
_FRONTAL = _words("PA AP FRONTAL POSTEROANTERIOR ANTEROPOSTERIOR POSTERO ANTERO")
_ASIDE = _words("""
    LL RL LAT LATERAL LATERALE LATERALIS LATERO LLAT RLAT LATL LATR PROFILE PROFIL PERFIL SIDE
    SEITLICH OBLIQUE OBL LAO RAO LPO RPO LLO RLO DECUBITUS LLD RLD AXIAL CORONAL SAGITTAL""")
_FILM = _words("CR DX DR XR RG CXR XRAY X RADIOGRAPH RADIOGRAPHY RADIOGRAM")
_NO_FILM = _words("""
    CT HRCT CBCT CAT TC TAC TOMOGRAPHY TOMOGRAM MR MRI MRT RM IRM MAGNETIC US ULTRASOUND SONOGRAPHY
    ECHO PT PET SPECT NM SCINTIGRAPHY MG MAMMOGRAPHY MAMMOGRAM XA ANGIOGRAPHY""")


def left_out(frame: pd.DataFrame, view: str, passed_over: tuple[str, ...]) -> list[str]:
    """For each row the code of why it is no frontal radiograph, "" if no column says so.

    Parameters
    ----------
    frame : DataFrame
        A table, as text.
    view : str
        The column that is known to say the view.
    passed_over : tuple of str
        Columns that say something else, whatever they are called.
    """
    found = [""] * len(frame)
    for name in map(str, frame.columns):
        plain = re.sub("[^a-z]", "", name.lower())
        is_view = plain in _VIEWS or name == view
        if name not in passed_over and (is_view or plain in _KINDS):
            codes = {value: _code(value, is_view) for value in frame[name].unique()}
            found = [code or codes[value] for code, value in zip(found, frame[name], strict=True)]
    return found


def _code(value: str, is_view: bool) -> str:
    words = set(re.findall("[A-Z]+", value.upper()))
    if words & _NO_FILM and not words & _FILM:
        return "not_radiography"
    aside = words & _ASIDE or (is_view and words == {"L"})
    return "not_frontal" if aside and not words & _FRONTAL else ""
