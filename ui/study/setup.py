"""Before a study: what will be asked of the reader, said before the first film."""

from __future__ import annotations

import streamlit as st

from cxr.errors import CxrError
from cxr.model.classifier import Classifier
from cxr.study import plan
from cxr.study.plan import MOST_WRONG, StudyPlan
from ui.base.formatting import WAY_OUT, plain
from ui.review import reader
from ui.session import studies
from ui.session.hospitals import as_shipped
from ui.study import link, opening, source
from ui.study.link import Sent

PLAN, POOL, STOPPED = "study_plan", "study_pool", "study_stopped"
PASSED = "study_passed"
RULES = (
    "You read each film twice: first alone, then with the model’s call. Both answers are kept "
    "under your name and cannot be changed.",
    "**On {share} of the films the call that is shown is wrong on purpose.** Which ones is told at "
    "the end, and not before. On the others it is the model’s own, right or wrong.",
    "This is an exercise on films whose label is known. No call in it is advice on a patient.",
)


def show(model: Classifier) -> None:
    """The announcement, the choices, and the button that begins."""
    sent = link.opened()
    with st.container(key="intake"):
        st.html('<div class="cxr-heading">Reader study</div>')
        share = sent.share if sent else int(st.session_state.get("study-share", 20))
        said = f"{share} %" if share else "none"
        st.markdown("\n".join(f"- {rule.format(share=said)}" for rule in RULES))
        if not reader.name():
            reader.ask()
            return
        # Everybody who opens a link is shown the same calls: a hospital's profile makes others.
        pool = source.SENDABLE[sent.films_from](model.at(None)) if sent else _pool(model)
        if sent:
            st.markdown(f"**{sent.films} films, as they were chosen for you.**")
        else:
            _choices()
        if not pool.waits:
            st.caption(plain(_said(pool)))
        if pool.hospital:
            st.caption(plain(f"The model’s calls go by the profile of {pool.hospital}."))
        elif pool.candidates:
            as_shipped("The model’s calls are")
        if pool.uncalled:
            st.info(_uncalled(pool))
        with st.container(horizontal=True):
            st.button(
                "I know that some calls are wrong on purpose: begin" if share else "Begin",
                key="study-begin",
                type="primary",
                disabled=len(pool.candidates) < plan.FEWEST,
                on_click=_begin,
                args=(pool, model, sent),
            )
            if sent:
                st.button("A study of my own", key="study-own", on_click=link.leave)
            if len(pool.candidates) >= plan.FEWEST:
                opening.offer(lambda: _results(pool, model, sent))
        if failed := st.session_state.pop("study_failed", ""):
            st.info(plain(failed))
        if left := studies.unfinished():
            many = len(left) > 1
            st.info(
                f"{f'{len(left)} reader studies' if many else 'A reader study'} begun here "
                f"{'are' if many else 'is'} not read to the end: the films tell nothing on other "
                "pages. To read on, begin with the same films, share and seed."
            )
            offer_to_give_up(left)
        if not sent:
            _send(pool, model)


def _choices() -> None:
    """How many films, how many calls wrong on purpose, and which of all such studies."""
    with st.container(horizontal=True, gap="medium"):
        st.number_input("Films", plan.FEWEST, link.MOST_FILMS, 12, key="study-films")
        st.number_input(
            "Wrong on purpose, %",
            0,
            int(100 * MOST_WRONG),
            20,
            step=5,
            key="study-share",
            help="Of the films. At least one, unless it is 0.",
        )
        st.number_input(
            "Seed",
            0,
            link.MOST_SEED,
            1,
            key="study-seed",
            help="The same films and seed are the same study, for every reader.",
        )


def _send(pool: source.Pool, model: Classifier) -> None:
    """The link with which others open this study, where they find the same films."""
    if len(pool.candidates) < plan.FEWEST:
        return
    with st.expander("Send it to your readers"):
        if not pool.sendable or pool.hospital:
            st.caption(
                "Only the sixteen samples, or the model’s test films, called by the model as "
                "shipped, are the same for whoever opens a link."
                + (" In the sidebar pick “Another hospital”." if pool.hospital else "")
            )
            return
        films, share, seed = _chosen()
        made = plan.make(
            pool.candidates, model.labels, model.bundle.digest, films, share / 100, seed
        )
        name = model.bundle.folder.name
        sent = Sent(pool.sendable, films, share, seed, made.study, name)
        st.code(link.of(sent), language=None, wrap_lines=True)
        st.caption("Whoever opens it gives a name, is told how many calls are wrong, and reads.")


def _chosen() -> tuple[int, int, int]:
    films, share, seed = (int(st.session_state[f"study-{x}"]) for x in ("films", "share", "seed"))
    return films, share, seed


def _pool(model: Classifier) -> source.Pool:
    pools = {name: find(model) for name, find in source.POOLS.items()}
    offered = [name for name, pool in pools.items() if pool.candidates]
    if source.folder_of_own(model) is not None:
        offered.append(source.FOLDER)
    offered = offered or [source.SESSION]
    name = offered[0]
    if len(offered) > 1:
        name = st.segmented_control(
            "Films from", offered, default=offered[0], required=True, key="study-from"
        )
    if name == source.SESSION:
        st.button("Add the sixteen samples", key="study-samples", on_click=source.add_samples)
    return source.of_folder(model) if name == source.FOLDER else pools[name]


def _said(pool: source.Pool) -> str:
    if not pool.candidates:
        return (
            "No film here has a known label. Add the samples, or start the app with CXR_DATA set "
            "to the data folder for the model’s own test films. Of those only films that may be "
            f"shown are taken. {WAY_OUT}"
        )
    kinds = sorted({c.truth for c in pool.candidates})
    counts = [f"{sum(c.truth == kind for c in pool.candidates)} {kind}" for kind in kinds]
    return f"{len(pool.candidates):,} films to choose from: {', '.join(counts)}."


def _uncalled(pool: source.Pool) -> str:
    """That the calls of these films are worth less than others, and what to do."""
    every = len(pool.uncalled) == len(pool.candidates)
    which = "all of these films" if every else f"{len(pool.uncalled):,} of these films"
    return (
        f"Nobody knows what a call is worth in the hospital of {which}, so Read by itself calls "
        "nothing there. In this study the model’s own call is the class with the highest score: "
        "many may be wrong, besides those wrong on purpose. For calls by the hospital’s own "
        "threshold, pick its profile in the sidebar first."
    )


def _begin(pool: source.Pool, model: Classifier, sent: Sent | None) -> None:
    films, share, seed = (sent.films, sent.share, sent.seed) if sent else _chosen()
    bundle = model.bundle.digest
    try:
        made = plan.make(pool.candidates, model.labels, bundle, films, share / 100, seed)
    except CxrError as refusal:
        st.session_state["study_failed"] = str(refusal)
        return
    if sent and made.study != sent.study:
        st.session_state["study_failed"] = (
            "This is not the study that was sent: the films, the network or its calls are others "
            "here. Ask for a new link."
        )
        return
    end()
    st.session_state[PLAN] = made
    st.session_state[POOL] = pool


def _results(pool: source.Pool, model: Classifier, sent: Sent | None) -> None:
    """The same study, whose results an instructor asks for instead of reading."""
    _begin(pool, model, sent)
    if "study_failed" not in st.session_state:
        stop()
        opening.want()


def current() -> StudyPlan | None:
    """The study of this session, or None before there is one."""
    return st.session_state.get(PLAN)


def hold(plan: StudyPlan) -> None:
    """Have its films tell nothing on other pages until all of it is read."""
    studies.hold(plan.study, lambda: source.hashes(st.session_state[POOL], plan))


def pass_over(plan: StudyPlan, film: str) -> None:
    """Ask no more of a film that cannot be shown here; elsewhere it may be."""
    st.session_state.setdefault(PASSED, set()).add((plan.study, film))


def passed_over(plan: StudyPlan) -> set[str]:
    """Films of a study that were passed over in this session."""
    return {film for study, film in st.session_state.get(PASSED, set()) if study == plan.study}


def stop() -> None:
    """Rest, with films left unread."""
    st.session_state[STOPPED] = reader.name()


def go_on() -> None:
    """Back to the film that was left."""
    st.session_state.pop(STOPPED, None)


def offer_to_give_up(left: list[str]) -> None:
    """The way out of studies of which something was said, and what it costs."""
    many = f"these {len(left)} studies" if len(left) > 1 else "this study"
    st.button(f"Give {many} up", key="study-give-up", on_click=_give_up, args=(left,))
    st.caption(
        "The films of a study that is given up tell on other pages again what they are. What was "
        "said of them stays kept, but nobody reads the study on in this session, and its figures "
        "open to no reader here."
    )


def _give_up(left: list[str]) -> None:
    for study in left:
        studies.give_up(study)
    if (plan := current()) is not None and plan.study in left:
        end()


def end() -> None:
    """Back to the announcement; the answers stay. Where no reader of this session has given one,
    other pages tell of the films again; else they could be looked up between two answers."""
    if (left := current()) is not None and not studies.answered(left.study):
        studies.let_go(left.study)
    for key in (PLAN, POOL, STOPPED):
        st.session_state.pop(key, None)
