"""The life of violations: what each verdict changes of a rule on a server.

It does no I/O, and the same events give the same rows, whatever was stored and loaded in between.
The evaluator and the back-test call the same step().

A verdict says yes of the values of `clave` that fail, and no of all others: a pass says no of each.
An unknown verdict says nothing of any, and so does one that does not apply. A verdict that fails,
and lacks facts that a pass would need, says nothing of the others.
"""

from __future__ import annotations

from service.policies.guard.verdict import Reason, State, Verdict
from service.policies.machine import late
from service.policies.machine.events import Ended, Event, Fin, Judged, Late, Server, Terms
from service.policies.machine.violations import Keys, end, freeze, last_yes
from service.store.rule_state import RuleState, Standing
from service.store.verdict_rows import Bound, Judgement, Span

_SILENT = Verdict(State.DESCONOCIDO, Reason.SILENCIO)


def step(state: RuleState, server: Server, terms: Terms | None, event: Event) -> None:
    """Changes the state, and notes what has to be written.

    terms: of the text in force; null for a rule that is retired. Another text than before ends what
    was open and begins a new history.
    """
    if isinstance(event, Ended):
        _end(state, event)
    elif terms is None:
        raise ValueError(f"{state.rule}: a verdict of no text")
    elif isinstance(event, Late):
        late.judge(state, server, terms, event)
    else:
        _judge(state, server, terms, event)


def _judge(state: RuleState, server: Server, terms: Terms, event: Judged) -> None:
    bound, verdict = event.bound, event.verdict
    if verdict.state is State.CUMPLE and _has_passed(state, terms) and not event.is_silent:
        state.last = bound
        return
    judgement = state.judgement
    if judgement is not None and judgement.text_id != terms.text_id:
        _end_judgement(state, bound, Fin.REGLA_CAMBIADA)
        judgement = None
    if judgement is None:
        judgement = state.judgement = Judgement(state.server_id, terms.text_id, bound)
        state.write(judgement)
    keys = Keys(state, server, terms, event)
    if event.is_silent and not _precedes_silence(verdict):
        keys.continue_pending()
        verdict = _SILENT
    _move_span(state, terms.text_id, bound, verdict)
    if verdict.state is State.NO_APLICA:
        for violation in list(state.open.values()):
            violation.seen = last_yes(state, violation, event)
            end(state, violation, bound, Fin.DEJO_DE_APLICAR)
    elif verdict.state is State.DESCONOCIDO:
        for violation in state.open.values():
            freeze(state, violation, event)
    else:
        keys.judge()
    last_known = event.no_before(state.last, state.last)
    _note_known(state, judgement, last_known, is_known=tells_all(verdict))
    state.last = bound


def _has_passed(state: RuleState, terms: Terms) -> bool:
    """Whether the last verdict of this text said no of every key, and nothing is open.

    Nothing waits then to be continued, and no span goes on.
    """
    judgement = state.judgement
    return (
        judgement is not None
        and judgement.text_id == terms.text_id
        and judgement.is_known
        and not state.open
    )


def _precedes_silence(verdict: Verdict) -> bool:
    """Whether the verdict holds of a silent server too."""
    broken = verdict.reason in (Reason.REGLA_ROTA, Reason.LIMITE)
    return broken or verdict.state is State.NO_APLICA


def changes_nothing(standing: Standing | None, terms: Terms, verdict: Verdict) -> bool:
    """Whether a report in order, heard, writes nothing of a rule that has nothing open or pending.

    standing: what is stored of the rule on the server; null if nothing is.
    """
    return (
        standing is not None
        and standing.text_id == terms.text_id
        and verdict.state is not State.FALLA
        and standing.span == _span_of(verdict)
        and standing.is_known == tells_all(verdict)
    )


def says_the_same(before: Verdict, verdict: Verdict) -> bool:
    """Whether a verdict changes nothing after one of the same text that changed nothing."""
    return verdict.state is not State.FALLA and _span_of(before) == _span_of(verdict)


def tells_all(verdict: Verdict) -> bool:
    """Whether the verdict says yes or no of every key."""
    if verdict.state is State.FALLA:
        return verdict.detail is None
    return verdict.state is State.CUMPLE


def _note_known(
    state: RuleState, judgement: Judgement, last: Bound | None, *, is_known: bool
) -> None:
    """last: the last verdict before this one."""
    if is_known == judgement.is_known:
        return
    judgement.is_known = is_known
    judgement.known = None if is_known else last
    state.write(judgement)


def _move_span(state: RuleState, text_id: int, bound: Bound, verdict: Verdict) -> None:
    """Closes the span that the verdict ends, and opens the one that it begins."""
    wanted = _span_of(verdict)
    span = state.span
    if span is not None and (span.state, span.reason) != wanted:
        _close_span(state, span, bound)
        span = None
    if span is None and wanted is not None:
        state.span = Span(state.server_id, text_id, *wanted, verdict.detail, state.last, bound)
        state.write(state.span)


def _span_of(verdict: Verdict) -> tuple[str, str] | None:
    """State and reason of the span in which a verdict stands; null if it stands in none."""
    if verdict.state in (State.DESCONOCIDO, State.NO_APLICA):
        return str(verdict.state), str(verdict.reason or verdict.detail)
    return None


def _close_span(state: RuleState, span: Span, bound: Bound) -> None:
    span.last, span.until = state.last, bound
    state.write(span)
    state.span = None


def _end(state: RuleState, event: Ended) -> None:
    judgement = state.judgement
    if judgement is None:
        return
    if event.fin is not Fin.RETIRADO:
        _end_judgement(state, event.bound, event.fin)
        return
    if state.span is not None and state.span.reason == Fin.RETIRADO:
        return
    for violation in list(state.open.values()):
        end(state, violation, event.bound, event.fin)
    # A server that is retired is in no denominator, until its next report.
    retired = Verdict(State.NO_APLICA, detail=event.fin)
    _move_span(state, judgement.text_id, event.bound, retired)
    _note_known(state, judgement, state.last, is_known=False)
    state.last = event.bound


def _end_judgement(state: RuleState, bound: Bound, fin: Fin) -> None:
    for violation in list(state.open.values()):
        end(state, violation, bound, fin)
    if state.span is not None:
        _close_span(state, state.span, bound)
    if state.judgement is not None:
        _note_known(state, state.judgement, state.last, is_known=False)
        state.judgement.until = bound
        state.write(state.judgement)
    state.judgement = None
    state.openings, state.known, state.last = [], [], None
