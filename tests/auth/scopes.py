"""Who may do what: the scopes of every route."""

from __future__ import annotations

SCOPES = ("ingest", "lectura", "admin", "inscripcion", "novedades")
PUBLIC = {
    "GET /healthz", "GET /readyz", "GET /openapi.json", "GET /static/{name}",
    "GET /schemas/report.v1.json", "GET /schemas/report.v2.json",
    "GET /entrar", "POST /entrar", "POST /salir",
}  # fmt: skip
PUBLIC |= {public.replace("GET", "HEAD") for public in PUBLIC}


def scopes_of(method: str, path: str) -> set[str]:
    """The scopes of a route; by hand for every route that does more than read."""
    private = ("/tokens", "/consultar", "/notificaciones", "/avisos")
    posted = (
        "/consulta",
        "/consultar",
        "/ensayos",
        "/ensayo/{job_id:id}",
        "/avisos",
        "/exenciones",
        "/dispensas",
        "/dispensas/{waiver_id:id}/revocar",
        "/etiquetas",
        "/etiquetado",
        "/servidor/{server_id:id}/etiquetas",
    )
    administrators = {
        *(f"{read} {path}" for read in ("GET", "HEAD") for path in private),
        *(f"POST {path}" for path in posted),
        "DELETE /tokens/{token_id:id}",
        "PUT /servers/{id_serv:id}/etiquetas/{clave}",
        "POST /servers/{id_serv:id}/retiros",
        "DELETE /servers/{id_serv:id}/etiquetas/{clave}",
        "POST /servidor/{server_id:id}/retirar",
        "DELETE /exenciones/{waiver_id:id}",
        "POST /notificaciones/{message_id:id}/reenvio",
    }
    decided = {each: {"admin"} for each in administrators}
    decided |= {public: set(SCOPES) for public in PUBLIC}
    decided |= {
        "POST /servers": {"ingest", "admin"},
        "POST /inscripcion": {"inscripcion", "ingest"},
        "GET /novedades.atom": {"lectura", "admin", "novedades"},
        "HEAD /novedades.atom": {"lectura", "admin", "novedades"},
    }
    if method not in ("GET", "HEAD") and f"{method} {path}" not in decided:
        raise AssertionError(f"{method} {path} changes something: say here who may do that")
    return decided.get(f"{method} {path}", {"lectura", "admin"})
