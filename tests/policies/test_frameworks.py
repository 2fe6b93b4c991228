"""What the controls of a framework rest on."""

from __future__ import annotations

import pytest

from service.errors import FrameworkNotFoundError
from service.policies.rules import controls
from service.policies.rules.frameworks import Control, framework_of
from service.store.read.matrix import Matrix, MatrixRule, MatrixServer

RULES = [
    MatrixRule("first", "alta", {"ens": ["op.exp.2", "op.exp.6"], "nist": ["AC-2(12)"]}),
    MatrixRule("second", "baja", {"ens": ["op.exp.2"], "nist": ["AC-6"]}),
    MatrixRule("third", "baja", {"ens": ["mp.com.1"], "nist": []}),
]


def server(number: int, *verdicts: str | None) -> MatrixServer:
    """The verdicts of the three rules."""

    def mask(*states: str) -> int:
        return sum(1 << n for n, verdict in enumerate(verdicts) if verdict in states)

    return MatrixServer(
        number,
        "10.0.0.1",
        None,
        mask("falla", "exenta", "desconocido", "no_aplica", "cumple"),
        mask("falla", "exenta"),
        mask("desconocido"),
        mask("no_aplica"),
        mask("exenta"),
    )


MATRIX = Matrix(
    RULES,
    [
        server(1, "cumple", "falla", "no_aplica"),
        server(2, "desconocido", "cumple", "no_aplica"),
        server(3, "cumple", "no_aplica", None),
        server(4, "no_aplica", None, "no_aplica"),
        server(5, "falla", "desconocido", "no_aplica"),
    ],
)


def test_each_server_counts_once_by_the_worst_verdict_of_a_controls_rules() -> None:
    found = framework_of(MATRIX, "ens")
    assert found.controls == [
        Control("op.exp.2", ["first", "second"], 1, 2, 1, 1, has_unknown=True),
        Control("op.exp.6", ["first"], 2, 1, 1, 1, has_unknown=True),
        Control("mp.com.1", ["third"], 0, 0, 0, 4),
    ]
    worst, _, without = found.controls
    assert (worst.state, worst.share) == ("falla", 25)
    assert (without.state, without.share, without.has_evidence) == (None, None, False)
    assert (found.size, found.with_evidence) == (73, 2)
    assert len(found.unspoken) == 70
    assert not {"op.exp.2", "op.exp.6", "mp.com.1"} & set(found.unspoken)


def test_an_enhancement_is_no_evidence_for_its_control() -> None:
    found = framework_of(MATRIX, "nist")
    assert [control.id for control in found.controls] == ["AC-6", "AC-2(12)"]
    assert found.with_evidence == 1
    assert "AC-2" in found.unspoken


def test_what_is_unknown_everywhere_is_no_evidence() -> None:
    found = framework_of(Matrix(RULES[:1], [server(1, "desconocido")]), "ens")
    assert [control.state for control in found.controls] == ["desconocido", "desconocido"]
    assert found.with_evidence == 0


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ([("exenta", "cumple")], ("falla", True, 1, 1)),
        ([("exenta", "exenta"), ("cumple", "cumple")], ("falla", True, 1, 1)),
        ([("exenta", "falla")], ("falla", False, 1, 0)),
        ([("exenta", "cumple"), ("falla", "cumple")], ("falla", False, 2, 1)),
        ([("exenta", "desconocido")], ("desconocido", False, 1, 1)),
        ([("exenta", "cumple"), ("desconocido", "cumple")], ("desconocido", False, 1, 1)),
        ([("cumple", "cumple")], ("cumple", False, 0, 0)),
    ],
)
def test_what_is_waived_comes_after_the_unknown_and_counts_as_before(
    servers: list[tuple[str, str]], expected: tuple[str, bool, int, int]
) -> None:
    matrix = Matrix(RULES[:2], [server(n, *verdicts) for n, verdicts in enumerate(servers)])
    (control,) = (each for each in framework_of(matrix, "ens").controls if each.id == "op.exp.2")
    found = (control.state, control.is_waived, control.failing, control.waived)
    assert found == expected
    plain = [["falla" if v == "exenta" else v for v in verdicts] for verdicts in servers]
    same = Matrix(RULES[:2], [server(n, *verdicts) for n, verdicts in enumerate(plain)])
    (before,) = (each for each in framework_of(same, "ens").controls if each.id == "op.exp.2")
    assert (before.share, before.failing, before.unknown, before.passing) == (
        *(control.share, control.failing, control.unknown, control.passing),
    )


# As their publishers count them; of NIST in release 5.2.0, without those that are withdrawn.
SIZES = {"ens": 73, "iso27001": 93, "nist": 300, "cis": 153}


@pytest.mark.parametrize("framework", controls.FRAMEWORKS)
def test_every_control_is_one_that_rules_may_name(framework: str) -> None:
    every = list(controls.every(framework))
    assert len(every) == len(set(every)) == SIZES[framework]
    assert all(controls.is_control(framework, control) for control in every)


def test_what_is_withdrawn_is_no_control() -> None:
    every = set(controls.every("nist"))
    for control in ("AC-13", "IR-10", "SC-33", "SI-9", "SA-12(2)"):
        assert not controls.is_control("nist", control)
        assert control not in every
    assert controls.is_control("nist", "AC-2(12)")
    assert controls.is_control("nist", "SA-24")
    assert not controls.is_control("nist", "SA-25")


def test_no_other_framework_is_known() -> None:
    with pytest.raises(FrameworkNotFoundError, match="pci"):
        framework_of(MATRIX, "pci")
