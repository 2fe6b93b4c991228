"""What messages say, in the languages of receivers."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    "es": {
        "abierta": "Incumplimiento",
        "resuelta": "Resuelto",
        "abierta_y_resuelta": "Incumplimiento ya resuelto",
        "cerrada": "Cerrado sin resolverse",
        "tardia": "Incumplimiento que muestra un informe tardío",
        "inestable": "Incumplimiento inestable",
        "resumen": "Resumen",
        "prueba": "Mensaje de prueba",
        "nuevo": "lo que está abierto ahora",
        "acumulado": "varios cambios juntos",
        "perdido": "lo que está abierto ahora; algunos mensajes no se pudieron entregar",
        "muestra": "Es una muestra: no ha ocurrido nada.",
        "nada": "Nada está abierto.",
        "on": "{rule} en {server}",
        "between": "entre {after} y {at} UTC",
        "before": "antes de {at} UTC",
        "ended": "hasta: entre {after} y {at} UTC",
        "reason": "motivo del cierre: {fin}",
        "more": "y {n} más",
        "open": "Abrir",
        "was_unstable": "tras un día sin cambios",
    },
    "en": {
        "abierta": "Violation",
        "resuelta": "Resolved",
        "abierta_y_resuelta": "Violation, resolved already",
        "cerrada": "Closed without being resolved",
        "tardia": "Violation that a late report shows",
        "inestable": "Unstable violation",
        "resumen": "Digest",
        "prueba": "Test message",
        "nuevo": "what is open now",
        "acumulado": "several changes together",
        "perdido": "what is open now; some messages could not be delivered",
        "muestra": "This is a sample: nothing has happened.",
        "nada": "Nothing is open.",
        "on": "{rule} on {server}",
        "between": "between {after} and {at} UTC",
        "before": "before {at} UTC",
        "ended": "until: between {after} and {at} UTC",
        "reason": "closed because: {fin}",
        "more": "and {n} more",
        "open": "Open",
        "was_unstable": "after a day without changes",
    },
}
