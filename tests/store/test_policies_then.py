"""Rules at a moment: the text, the severity and the state that they had then."""

from __future__ import annotations

from service.times import MINUTE
from tests.support.asked_verdicts import RULE, START, asked, at, known
from tests.support.judged import PASSES
from tests.support.stores import stores


def test_a_rule_is_told_as_it_was_at_the_moment() -> None:
    with stores() as both:
        ask = asked(both)
        ask.judge(1, 0, PASSES)
        first = ask.policies.policy(RULE, None)[0]
        second = ask.judging.take_up(RULE, START + 10 * MINUTE, text="2", severity="baja")
        note = "INSERT INTO policy_change (rule, at, kind, text_id, severity, controls)"
        note += " SELECT rule, ?, ?, text_id, severity, controls FROM policy"
        with both.database.transaction() as connection:
            for minute, kind in ((20, "missing"), (30, "back"), (40, "retired")):
                connection.execute(note, (START + minute * MINUTE, kind))
        for moment in (at(5), known(5)):
            for told in (
                ask.policies.policy(RULE, moment)[0],
                *ask.policies.policies(moment)[0],
                *ask.policies.of_server(1, moment).policies,
            ):
                assert told == first
        then = ask.policies.policy(RULE, at(15))[0]
        assert (then.text_hash, then.severity) == (second, "baja")
        assert (then.taken_up_at, then.missing_since) == (START + 10 * MINUTE, None)
        assert ask.policies.policy(RULE, at(25))[0].missing_since == START + 20 * MINUTE
        assert ask.policies.policy(RULE, at(35))[0].missing_since is None
        # What was so then is not known, nor said, of a moment before the rule.
        assert ask.policies.policy(RULE, at(-5))[0].text_hash == second
        assert ask.policies.policy(RULE, at(45)) == ask.policies.policy(RULE, None)
