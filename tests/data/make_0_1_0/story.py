"""Five days of release 0.1.0: reports, tokens and operations, over HTTP and by command."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from tests.data.make_0_1_0.documents import EXTREMES, REJECTED, identity_of
from tests.data.make_0_1_0.fleet import (
    DAYS,
    ENROLLED,
    ROUNDS,
    TURNS,
    WEB,
    machines,
    round_begins,
)
from tests.data.make_0_1_0.machines import Machine, plain
from tests.data.make_0_1_0.service import Answer, Service

MINUTE = timedelta(minutes=1)


class Story:
    """Runs the five days and records every post with its answer, the tokens, and the operations."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.posts: list[dict[str, Any]] = []
        self.tokens: dict[str, dict[str, Any]] = {}
        self.happened: list[str] = []
        self._fleet = machines()
        self._now = round_begins(0, 0)
        self._clock_error = timedelta()  # of the service
        self._kept: dict[str, bytes] = {}  # reports that are sent again, by what they are for
        self._events: dict[tuple[int, int], Callable[[], None]] = {
            (0, 3): self._repeat_and_reject,
            (0, 5): self._arrive_together,
            (1, 0): self._make_tokens,
            (1, 2): self._use_tokens,
            (2, 0): self._compress_a_day,
            (2, 1): self._report_of_2099,
            (2, 2): self._clocks_stop,
            (2, 3): self._clocks_are_set,
            (2, 6): self._clocks_go_on,
            (3, 0): self._drain_a_spool,
            (3, 2): self._upgrade_web,
            (3, 3): self._upgrade_db,
            (3, 4): self._power_cut,
            (3, 5): self._lock_the_database,
            (3, 6): self._own_clock_goes_back,
            (4, 0): self._own_clock_is_right,
            (4, 1): self._deliver_late,
            (4, 2): self._end_tokens,
            (4, 4): self._extremes,
        }

    def run(self) -> None:
        self._at(self._now - MINUTE)
        self.service.start()
        try:
            for day in DAYS:
                for turn in ROUNDS:
                    self._round(day, turn)
            admin = self.tokens["admin"]["dummy_token"]
            listed = self.service.request("GET", "/tokens", token=admin).body["tokens"]
        finally:
            self.service.stop()
        for token in self.tokens.values():
            token["listed"] = next(row for row in listed if row["id"] == token["number"])
        assert len(self.tokens) == len(listed)

    def _round(self, day: int, turn: int) -> None:
        begins = round_begins(day, turn)
        self._now = begins - 10 * MINUTE
        event = self._events.get((day, turn))
        if event is not None:
            event()
        for at, (name, turns) in enumerate(TURNS.items()):
            if turns.is_due(day, turn):
                self._now = begins + at * timedelta(seconds=7, microseconds=104_729 * (turn + 1))
                machine = self._fleet[name]
                taken_at = self._now - timedelta(seconds=1.25)
                self._post(machine.report(taken_at), name, turns.token)

    def _at(self, moment: datetime) -> None:
        self._now = moment
        self.service.set_clock(moment + self._clock_error)

    def _post(self, body: bytes, kind: str, token: str = "any", *, packed: bool = False) -> Answer:
        """Posts a document as a client does; each arrives some time after the one before."""
        self._at(self._now + timedelta(milliseconds=137))
        shown = self.tokens.get(token, {})
        answer = self.service.request(
            "POST",
            "/servers",
            gzip.compress(body, mtime=0) if packed else body,
            shown.get("dummy_token"),
            {"Content-Encoding": "gzip"} if packed else None,
        )
        self._note(body, kind, shown.get("number"), answer)
        return answer

    def _note(self, body: bytes, kind: str, token: int | None, answer: Answer) -> None:
        post = {"kind": kind, "arrived": plain(self._now + self._clock_error), "token": token}
        if answer.status == 400:
            post |= {"sent": body.decode(), "faults": answer.body.get("errors")}
        else:
            archived = body.strip().translate(bytes.maketrans(b"\r\n", b"  "))
            document = json.loads(body)
            post |= {"identity": identity_of(document), "fecha_hora": document["fecha_hora"]}
            post["document"] = hashlib.sha256(archived).hexdigest()[:16]
        post["status"] = answer.status
        if answer.status in (200, 201):
            post["id_serv"] = answer.body["id_serv"]
        self.posts.append(post)

    def _repeat_and_reject(self) -> None:
        self._kept["old"] = self._fleet["web-1"].last
        self._post(self._fleet["web-1"].last, "the very same bytes again")
        same = json.dumps(json.loads(self._fleet["legacy-1"].last), indent=2, sort_keys=True)
        self._post(same.encode(), "the same report, spelled otherwise")
        for document in REJECTED:
            self._post(document, "rejected")

    def _arrive_together(self) -> None:
        """New servers, all at once: they share commits, and arrive at the same microsecond."""
        several = [
            Machine(f"junto-{number}", f"10.9.0.{number}", 1, size=5).report(self._now)
            for number in range(1, 9)
        ]
        self._at(self._now)
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(self.service.request, "POST", "/servers", one) for one in several]
        for body, answer in zip(several, asked, strict=True):
            self._note(body, "together", None, answer.result())

    def _make_token(self, name: str, scope: str, *options: str) -> None:
        secret = self.service.command("token", "create", "--scope", scope, *options).strip()
        self.tokens[name] = {"number": len(self.tokens) + 1, "dummy_token": secret}

    def _make_tokens(self) -> None:
        self._at(self._now)
        self._make_token("admin", "admin", "--nombre", "operador")
        self._make_token("any", "ingest", "--nombre", "flota")
        self._make_token("reader", "lectura", "--nombre", "auditoría ñ\n2")
        self._make_token("ending reader", "lectura", "--vence", "2d")
        self._make_token("web-1", "ingest", "--servidor", WEB, "--nombre", "web-1")
        self._make_token("address", "ingest", "--servidor", "10.0.0.3")
        self._make_token(
            "network", "ingest", "--servidor", "2001:db8::/32", "--vence", "2099-01-01"
        )
        self._make_token("enrolment", "inscripcion", "--usos", "2", "--validez", "30d")
        self._make_token("revoked", "ingest", "--nombre", "perdido")
        self._make_token("never used", "lectura", "--vence", "90d")

    def _enrol(self, name: str, by: str, id_maquina: str, nombre_host: str | None) -> int:
        self._at(self._now + MINUTE)
        machine = json.dumps({"id_maquina": id_maquina, "nombre_host": nombre_host}).encode()
        shown = self.tokens[by]["dummy_token"]
        answer = self.service.request("POST", "/inscripcion", machine, shown)
        if answer.status == 201:
            number = len(self.tokens) + 1
            self.tokens[name] = {"number": number, "dummy_token": answer.body["token"]}
        return answer.status

    def _use_tokens(self) -> None:
        stranger = Machine("extraño", "10.7.0.1", 1, size=4)
        self._post(stranger.report(self._now), "with a token of another server", "web-1")
        self._post(stranger.last, "with a token that only reads", "reader")
        self._post(stranger.last, "with no token", "none")
        self._post(stranger.last, "with a token that is revoked later", "revoked")
        for name in ("reader", "ending reader"):
            secret = self.tokens[name]["dummy_token"]
            assert self.service.request("GET", "/servers", token=secret).status == 200
        assert self._enrol("enrolled", "enrolment", ENROLLED[0], "inscrita") == 201
        # The answer of the second is lost, so that the machine asks once more.
        assert self._enrol("lost", "enrolment", ENROLLED[1], None) == 201
        assert self._enrol("enrolled again", "enrolment", ENROLLED[1], None) == 201

    def _compress_a_day(self) -> None:
        self._at(self._now)
        subprocess.run(["gzip", str(self.service.data / "archive/2026-11-16.jsonl")], check=True)
        self.happened.append("2026-11-16 was compressed on 2026-11-18, as an operator does it")
        self.service.command("token", "revoke", str(self.tokens["revoked"]["number"]))
        self._post(self._kept["old"], "a report of two days before again")
        self._post(self._fleet["legacy-1"].last, "yesterday's last again", "address")
        self._post(self._fleet["web-1"].last, "with a revoked token", "revoked")

    def _report_of_2099(self) -> None:
        future = self._fleet["futuro"].report(self._now, fecha_hora="2099-07-01 12:00:00")
        self._post(future, "of 2099")

    def _clocks_stop(self) -> None:
        self._fleet["parado"].stands_at = self._now
        for minute in range(2):
            unset = f"1970-01-01T00:0{minute}:41Z"
            self._post(self._fleet["sin-pila"].report(self._now, fecha_hora=unset), "of 1970")

    def _clocks_are_set(self) -> None:
        self._fleet["atras-1"].clock = timedelta()
        self._fleet["atras-2"].set_clock(timedelta())

    def _clocks_go_on(self) -> None:
        self._fleet["parado"].stands_at = None

    def _upgrade_web(self) -> None:
        """Another kernel and a new start; and a token that nobody used is revoked over HTTP."""
        self._fleet["web-1"].members["nucleo"] = "6.1.0-28-amd64"
        self._fleet["web-1"].boot(self._now)
        self._fleet["movil"].members["nombre_host"] = "móvil-2"
        self._at(self._now)
        address = f"/tokens/{self.tokens['never used']['number']}"
        admin = self.tokens["admin"]["dummy_token"]
        assert self.service.request("DELETE", address, token=admin).status == 204
        # A machine renews its token, and both are good.
        assert self._enrol("renewed", "enrolled", ENROLLED[0], "inscrita") == 201

    def _drain_a_spool(self) -> None:
        machine = self._fleet["bandeja"]
        for day in (1, 2):
            for turn in (0, 2, 4, 6):
                body = machine.report(round_begins(day, turn))
                self._post(body, "out of a spool", packed=True)
        machine.members["descartados"] = 7

    def _upgrade_db(self) -> None:
        self._fleet["db-1"].members |= {"version_so": "13", "nombre_host": "db-1"}
        self._fleet["legacy-2"].ipaddress = "10.0.0.4"  # the same address in other words

    def _power_cut(self) -> None:
        self.service.kill()
        self._at(self._now)
        self.service.start()
        self.happened.append("the service was killed on 2026-11-19 at 09:50, and started again")

    def _lock_the_database(self) -> None:
        """The archive takes two reports that the database cannot: 503."""
        with self.service.locked_database():
            self._post(self._fleet["silencio-2"].report(self._now), "never stored")
            self._kept["retried"] = self._fleet["legacy-1"].report(self._now)
            self._post(self._kept["retried"], "not stored yet", "address")
        self.happened.append(
            "the database was locked on 2026-11-19 at 10:20: two reports were archived and answered"
            " 503; the first never came again, the second came a day later and is archived twice"
        )
        self.service.stop()
        self.service.start()

    def _own_clock_goes_back(self) -> None:
        self._clock_error = -40 * MINUTE
        self.happened.append("the service's clock was 40 minutes behind on 2026-11-19 from 10:50")

    def _own_clock_is_right(self) -> None:
        self._clock_error = timedelta()
        self._post(self._kept["retried"], "stored at last", "address")
        self._post(self._fleet["inscrita"].report(self._now), "with a renewed token", "renewed")
        self._fleet["web-1"].ipaddress = "10.0.0.101"
        self._fleet["movil"].ipaddress = "2001:db8:1::2"
        antiguo = self._fleet["antiguo"]
        antiguo.version, antiguo.members = 2, {"id_maquina": "antiguo", "nombre_host": "antiguo"}

    def _deliver_late(self) -> None:
        for name in ("web-1", "db-1", "legacy-1"):
            for day, turn in ((2, 5), (0, 1), (3, 3), (0, 1)):
                moment = round_begins(day, turn) + 11 * MINUTE
                self._post(self._fleet[name].report(moment), "late", TURNS[name].token)

    def _end_tokens(self) -> None:
        secret = self.tokens["ending reader"]["dummy_token"]
        assert self.service.request("GET", "/servers", token=secret).status == 401
        assert self._enrol("", "enrolment", "e0e0e0e0e0e0e0e0e0e0e0e0e0e0e003", None) == 403

    def _extremes(self) -> None:
        web, legacy = self._fleet["web-1"], self._fleet["legacy-1"]
        nothing = web.report(self._now, procesos=[], usuarios_activos=[])
        again = web.report(self._now)
        self._post(nothing, "nothing runs", "web-1")
        self._post(again, "another of the same moment", "web-1")
        for members in EXTREMES:
            extreme = Machine("extremo", "0.0.0.0", 1, size=4)
            self._post(extreme.report(self._now, **members), "extreme")
        self._post(legacy.report(self._now, procesos=[], usuarios_activos=[]), "empty", "address")
