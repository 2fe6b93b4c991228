"""What OSCAL documents are made of: ids, texts, properties, controls.

OSCAL is NIST's language for assessments: https://pages.nist.gov/OSCAL/. Names of programs, users
and servers come from reports, and are hostile data: texts are Markdown there, properties are not.
"""

from __future__ import annotations

import json
import string
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from service import times
from service.errors import NoControlError
from service.policies.rules.controls import FRAMEWORKS
from service.policies.rules.kept_text import kept_rule
from service.store.read.evaluation import Assessed, RuleInForce

OSCAL_VERSION = "1.2.3"
NAMESPACE = "urn:compliance-continuo:oscal"
EVIDENCE_ONLY = (
    "Evidence for a part of this control. It does not say that the control is satisfied."
)
CLAIM = (
    "The rules judge what servers report of themselves, which are samples. A result says what was"
    " seen in reports, not what happened between them, and nothing of what rules do not look at."
)

_NAMES = {
    "ens": "ENS (RD 311/2022)",
    "iso27001": "ISO/IEC 27001:2022",
    "nist": "NIST SP 800-53",
    "cis": "CIS Controls v8",
}
_ESCAPED = str.maketrans({mark: f"\\{mark}" for mark in string.punctuation if mark not in ",'-;"})

Part = dict[str, Any]


class Identifiers:
    """Ids of one fleet: the same thing has the same id in every document."""

    def __init__(self, fleet: str | None) -> None:
        self._fleet = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([NAMESPACE, fleet]))

    def of(self, kind: str, *names: str | int) -> str:
        return str(uuid.uuid5(self._fleet, json.dumps([kind, *names])))


def value(text: object) -> str:
    """Data as the value of a property: one line without control characters, never empty."""
    clean = "".join(c if c.isprintable() else "\ufffd" for c in str(text))
    return clean.strip() or "\ufffd"


def markdown(text: object) -> str:
    """The same as a text that Markdown shows as it is."""
    text = " ".join(str(text).split())
    return value(text).translate(_ESCAPED)


def prop(name: str, data: object, **more: str) -> Part:
    return {"name": name, "ns": NAMESPACE, "value": value(data), **more}


def props(**data: object) -> list[Part]:
    """A property for each that is not null; _ in a name stands for -."""
    return [prop(name.replace("_", "-"), x) for name, x in data.items() if x is not None]


def moment(at: int) -> str:
    return f"{times.to_text(at).replace(' ', 'T')}Z"


def metadata(title: str, at: int) -> Part:
    return {
        "title": title,
        "last-modified": moment(at),
        "version": moment(at),
        "oscal-version": OSCAL_VERSION,
        "remarks": CLAIM,
    }


def objective_id(rule: str) -> str:
    return f"rule.{rule}"


def title_of(rule: RuleInForce) -> str:
    """Its id and its title, in English if it has one."""
    kept = kept_rule(rule.rule, rule.source)
    texts = None if kept is None else kept.texts.get("en") or kept.texts.get("es")
    return rule.rule if texts is None else f"{rule.rule}: {markdown(texts.titulo)}"


def description_of(rule: RuleInForce) -> str:
    kept = kept_rule(rule.rule, rule.source)
    texts = None if kept is None else kept.texts.get("en") or kept.texts.get("es")
    return title_of(rule) if texts is None else markdown(texts.descripcion)


def properties_of(rule: RuleInForce) -> list[Part]:
    """What tells a rule from others, and the controls that it is evidence for."""
    found = props(
        rule=rule.rule,
        rule_version=rule.version,
        rule_sha256=rule.hash,
        severity=rule.severity,
    )
    return found + [
        prop("evidence-for", control, **{"class": framework, "remarks": EVIDENCE_ONLY})
        for framework in FRAMEWORKS
        for control in rule.controls.get(framework, ())
    ]


def control_id(framework: str, control: str) -> str:
    """As OSCAL names it: NIST's catalog has ac-2.1 for AC-2(1); no name begins with a digit."""
    if framework == "nist":
        return control.lower().replace("(", ".").replace(")", "")
    return f"cis-{control}" if framework == "cis" else control


def home_of(rule: RuleInForce) -> str | None:
    """The control that its objective stands below: NIST's where it names one."""
    for framework in ("nist", *FRAMEWORKS):
        for control in rule.controls.get(framework, ()):
            return control_id(framework, control)
    return None


def reviewed_controls(assessed: Assessed) -> Part:
    """The controls that rules name, by framework. Raises NoControlError."""
    named: Mapping[str, set[str]] = defaultdict(set)
    for rule in assessed.rules:
        for framework, controls in rule.controls.items():
            named[framework].update(control_id(framework, control) for control in controls)
    selections = [
        {
            "description": f"Controls of {_NAMES[framework]} that rules are evidence for.",
            "props": [prop("framework", framework)],
            "include-controls": [{"control-id": control} for control in sorted(named[framework])],
        }
        for framework in FRAMEWORKS
        if named[framework]
    ]
    if not selections:
        raise NoControlError
    return {
        "description": "The rules look at a part of each of these controls. What they find is"
        " evidence for it, and does not say that a control is satisfied.",
        "control-selections": selections,
        "control-objective-selections": [{"include-objectives": _objectives(assessed.rules)}],
    }


def _objectives(rules: Sequence[RuleInForce]) -> list[Part]:
    return [{"objective-id": objective_id(rule.rule)} for rule in rules]
