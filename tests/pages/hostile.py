"""Hostile names of processes and users."""

from __future__ import annotations

MARKUP = [
    "<script>window.__pwned = 1</script>",
    "</td></table><script>__pwned=1</script>",
    '"><img src=x onerror="window.__pwned=1">',
    "<svg/onload=__pwned=1>",
    "</title><body onload=__pwned=1>",
    "javascript:window.__pwned=1",
    "' onmouseover='__pwned=1",
    "--><!-- ]]>",
    "&lt;b&gt;&amp;amp;",
]
TEMPLATES = ["{{7*7}}", "{% raw %}{{ config }}", "${7*7}", "%(name)s %s %d {0}", "#{7*7}"]
CONTROLS = [
    "\x1b[31;1mred\x1b[0m\x1b[2J",
    "\x1b]0;title\x07\x08\x08\x7f",
    "two\nlines",
    "carriage\rreturn\ttab",
    "\x85\u2028\u2029",
]
DIRECTIONS = [
    "\u202egnp.exe",  # shows as exe.png
    "\u2067\u202d\u2066isolates never closed",
    "مرحبا world",
    "\u200bzero\u200dwidth\ufeff",
]
LETTERS = [
    "Z̷̧̛͎̲͙̺̬ͯͫ̓̍a̵͈̻̎̈͐l̴̢̖̬̀g̴̬̑̏ỏ̸̖̭" * 4,
    # Joined emoji (a family, a pirate flag), a flag, full-width letters.
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f3f4\u200d\u2620\ufe0f \U0001f1e8\U0001f1f4",
    "\uff46\uff55\uff4c\uff4c\uff57\uff49\uff44\uff54\uff48",
    "\ud7ff\ufffd\uffff",
    "x" * 255,
    "W" * 100 + "/" + "i" * 154,
    "名" * 255,
]
FORMULAS = ["=1+2", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1:A9)", "\t=1+2", "\r=1+2"]
ADDRESSES = ["a&b=c#d?e", "../../etc/passwd", "a/b%2Fc%00", "?name=*&username=*", "a+b c"]
QUOTES = ["''; DROP TABLE server; --", '"', "'", "`id`", "\\", "a,b;c", '"a""b"', " ", ""]
WILD = ["*", "**", "a*b", "%", "_", "[a-z]?"]

NAMES = [
    *MARKUP,
    *TEMPLATES,
    *CONTROLS,
    *DIRECTIONS,
    *LETTERS,
    *FORMULAS,
    *ADDRESSES,
    *QUOTES,
    *WILD,
]
