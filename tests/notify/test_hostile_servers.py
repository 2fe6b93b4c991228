"""An agent with a good token that wants to be heard, or to silence the others."""

from __future__ import annotations

import json

import pytest

from service.notify.composing import Composer
from service.notify.receivers import KINDS, Receiver
from service.notify.shapes import SHAPES
from service.store.queries import load_queries
from service.store.server_event import CLOCK, ServerEvent
from service.store.verdict_rows import event_bound
from service.store.write.notices import NamedServer, NoticeStore
from service.store.write.server_events import RESOLVED, ServerEventStore
from service.times import HOUR, MINUTE, SECOND
from tests.notify.servers import Servers
from tests.notify.test_shapes import HOSTILE, LINES, strings
from tests.support import engine
from tests.support.judged_field import START


def written(kind: str, host: str) -> str:
    """A message about a server that calls itself so."""
    receiver = Receiver("guard", kind, "example.org", "https://example.org", language="en")
    event = ServerEvent.of_server(
        CLOCK, 7, "id:m", 0, None, event_bound("x", START, START), "document"
    )
    composer = Composer(receiver, "https://c.example.org")
    entry = composer.open_event(event, NamedServer("id:m", 0, "10.0.0.1", host))
    return SHAPES[kind](composer.one("ab" * 32, entry))


@pytest.mark.parametrize("host", [*HOSTILE, *LINES])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "webhook"])
def test_a_server_that_calls_itself_by_markup_is_named_as_text(kind: str, host: str) -> None:
    message = json.loads(written(kind, host))
    if kind == "slack":
        assert "<" not in message["text"]
        types = {block["text"]["type"] for block in message["blocks"][:-1]}
        assert types == {"plain_text"}
    elif kind == "mattermost":
        title, fence, *_ = message["text"].split("\n")
        assert "@" not in title
        assert "](" not in title.replace("\\]\\(", "")
        assert fence.endswith("text")
    elif kind == "mail":
        assert message["asunto"].isprintable()
        assert "\nBcc:" not in message["texto"]
    for text in strings(message):
        assert all(line.isprintable() for line in text.split("\n"))


def test_a_clock_that_is_set_again_and_again_is_told_some_times(servers: Servers) -> None:
    servers.begin()
    for report in range(24):
        at = HOUR + report * MINUTE
        servers.report(at, taken=at + report % 2 * 80 * SECOND)
    assert servers.tell() == ["reloj", "reloj_correcto", "reloj", "reloj_correcto", "inestable"]


def test_a_storm_of_clones_is_told_three_times(servers: Servers) -> None:
    """Boots that come back, each of which is one more machine."""
    servers.begin()
    for report in range(25):
        servers.report((report + 1) * SECOND * 5, boot=f"boot-{report % 5}")
    assert servers.tell() == ["clon", "clon", "inestable"]
    clones = "SELECT count(*) FROM server_event WHERE kind = 'clon'"
    assert engine.rows(servers.field.config.database, clones) == [(4,)]


def flap(servers: Servers, times_over: int) -> None:
    """The evaluator finds a clock wrong and right so often, within some hours."""
    store = ServerEventStore(load_queries(), NoticeStore(load_queries()))
    with servers.field.database.transaction() as connection:
        for number in range(times_over):
            at = servers.field.now + number * SECOND
            event = ServerEvent.of_server(
                CLOCK, 1, "id:m0", 0, None, event_bound("x", at, at), str(number)
            )
            store.save(connection, [event])
            event.ended, event.ended_as = event_bound("y", at + 1, at + 1), RESOLVED
            store.save(connection, [event])


def test_a_server_that_flaps_is_told_some_times_and_hides_no_other(servers: Servers) -> None:
    servers.begin()
    servers.report(MINUTE)
    flap(servers, 400)
    servers.report(2 * MINUTE, machine="m1", taken=5 * HOUR)
    told = servers.tell()
    about = [message.json() for message in servers.receiver.taken]
    entries = [entry for each in about for entry in each.get("mensajes", [each])]
    assert {entry["servidor"] for entry in entries} == {1, 2}
    assert len([entry for entry in entries if entry["servidor"] == 1]) <= 5, told
