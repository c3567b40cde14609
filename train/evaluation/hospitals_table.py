"""What :mod:`train.evaluation.hospitals` found, as the tables of docs/hospitals.md."""

from __future__ import annotations

from typing import Any

from cxr.metrics.hospital_profiles import TOLERANCE


def lines(found: dict[str, Any]) -> list[str]:
    """The tables of docs/hospitals.md."""
    wanted = found["wanted"]["specificity"]
    out = [
        "| hospital never trained on | as shipped: AUROC; called T: of T, of N | films of each "
        "label | AUROC with a head of its own | least gain | head offered | at its profile: "
        f"sensitivity | specificity ({wanted:g} asked) | met within {TOLERANCE:g} | interval "
        "holds |",
        "| --- " * 10 + "|",
    ]
    hospitals = [*found["hospitals"].items()]
    hospitals += [
        (f"{site} (by {there['network'][:12]})", there) for site, there in found["left_out"].items()
    ]
    for site, there in hospitals:
        s = there["shipped"]
        name = f"{site}, " + " + ".join(f"{n} {label}" for label, n in there["films"].items())
        shipped = f"{s['area']:.3f}; {s['sensitivity']:.2f}, {1 - s['specificity']:.2f}"
        for alone in there["threshold_alone"]:
            out.append(
                f"| {name} | {shipped} | {alone['films']} N alone | – | – | – | "
                f"{_said(alone['sensitivity'], 2)} | {_said(alone['specificity'], 2)} | "
                f"{alone['met']:.2f} | {_held(alone)} |"
            )
        for step in there["steps"]:
            out.append(
                f"| {name} | {shipped} | {step['films']} + {step['films']} | "
                f"{_said(step['head'], 3)} | {step['worst_gain']:+.3f} | {step['offered']:.2f} | "
                f"{_said(step['sensitivity'], 2)} | {_said(step['specificity'], 2)} | "
                f"{step['met']:.2f} | {_held(step)} |"
            )
    out += _lines_without_labels(hospitals)
    out += ["", "| hospital | told by a crude look: AUROC (trips) |", "| --- | --- |"]
    for site, there in hospitals:
        said = (
            f"{what} {each['area']:.2f}" + " (trips)" * each["trips"]
            for what, each in there["shortcuts"].items()
        )
        out.append(f"| {site} | {', '.join(said)} |")
    return out + _lines_of_one_label(found["one_label"], wanted)


def _lines_without_labels(hospitals: list[tuple[str, dict[str, Any]]]) -> list[str]:
    told = [(site, each) for site, there in hospitals for each in there.get("unlabelled", ())]
    if not told:
        return []
    out = [
        "",
        "| hospital, films without labels | share of T | stated | AUROC | sensitivity | "
        "specificity |",
        "| --- " * 6 + "|",
    ]
    for site, each in told:
        out.append(
            f"| {site}, {each['films']} | {each['share']:.2f} | {each['stated']:.2f} | "
            f"{_said(each['area'], 3)} | {_said(each['sensitivity'], 2)} | "
            f"{_said(each['specificity'], 2)} |"
        )
    return out


def _lines_of_one_label(found: dict[str, Any], wanted: float) -> list[str]:
    if not found:
        return []
    out = [
        "",
        "| hospital without both labels | films | called T as shipped | threshold from its own N: "
        f"specificity ({wanted:g} asked), met within {TOLERANCE:g} |",
        "| --- " * 4 + "|",
    ]
    for site, there in found.items():
        films = " + ".join(f"{n} {label}" for label, n in there["films"].items())
        called = ", ".join(f"{share:.2f} of {label}" for label, share in there["called"].items())
        alone = "; ".join(
            f"{each['films']} N: {_said(each['specificity'], 2)}, {each['met']:.2f}"
            for each in there["threshold_alone"]
        )
        out.append(f"| {site} | {films} | {called} | {alone or 'none: too few N'} |")
    return out


def _held(found: dict[str, Any]) -> str:
    return f"{found['held']:.2f}" if "held" in found else "–"


def _said(found: dict[str, float], digits: int) -> str:
    return f"{found['value']:.{digits}f} ({found['low']:.{digits}f} to {found['high']:.{digits}f})"
