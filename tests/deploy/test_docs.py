"""service/deploy/README.md and the files of deployment agree."""

from __future__ import annotations

import re

from tests.support.live import PROJECT

README = (PROJECT / "service" / "deploy" / "README.md").read_text(encoding="utf-8")
SAID = {
    name: (PROJECT / name).read_text(encoding="utf-8")
    for name in (
        "gunicorn.conf.py",
        "service/http/worker.py",
        "service/deploy/nginx.conf",
        "service/deploy/compliance-api.service",
    )
}


def test_documented_limits_equal_the_configured_ones() -> None:
    limits = re.findall(r"^\| `([^`]+)` \|", README, re.MULTILINE)
    assert len(limits) == 14
    for limit in limits:
        assert any(f"    {limit}" in text or f"\n{limit}" in text for text in SAID.values()), limit


def test_every_file_that_the_unit_names_is_made_by_a_step() -> None:
    unit = SAID["service/deploy/compliance-api.service"]
    commands = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL))
    made = set(re.findall(r"/(?:etc|opt|var/lib)/compliance[\w.]*", unit))
    assert made == {"/etc/compliance.env", "/opt/compliance", "/var/lib/compliance"}
    for path in made:
        assert path in commands
    assert "adduser --system --group --no-create-home" in commands
    assert "User=compliance\nGroup=compliance\n" in unit


def test_every_file_that_a_step_copies_is_there() -> None:
    copied = re.findall(r"cp (service/\S+)", README)
    assert len(copied) == 4
    for path in copied:
        assert (PROJECT / path).is_file()
