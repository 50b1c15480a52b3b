"""A claim and the day of publication -> the date of its act: the one stated, or the day on which the news is told.

Never dates an act that is still to come, or long past, by the day of its telling.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from monitor.model import Claim, Kind, Status

from .dates import find_date

STALE = timedelta(days=120)  # news of an act gives no date further back: that belongs to something else
_DONE = r"(?<!be )(?<!to )(?<!will )\b(?:{})\b"
_LOST = re.compile(
    _DONE.format(
        r"resignation|resign(?:s|ed)|quits?|left|leaves|steps|stepped|depart(?:s|ed)|exit(?:s|ed)|fire[sd]|oust(?:s|ed)"
        r"|sack(?:s|ed)|dismiss(?:es|ed)|remov(?:es|ed)|forced|ordered|retire[sd]|laid off|let go|terminated|suspended"
    ),
    re.I,
)
_GAINED = re.compile(
    _DONE.format(
        r"hir(?:es|ed)|nam(?:es|ed)|appoint(?:s|ed)|tap(?:s|ped)|pick(?:s|ed)|select(?:s|ed)|promot(?:es|ed)"
        r"|elect(?:s|ed)|recruit(?:s|ed)|poach(?:es|ed)|(?:re)?join(?:s|ed)|return(?:s|ed)|becomes|became|takes|took|chose|chosen"
        r"|installed|sworn|reinstated|(?:co-?)?found(?:s|ed)|launch(?:es|ed)"
    ),
    re.I,
)
_LOSING = re.compile(
    r"\b(?:leav|left|step|resign|quit|exit|depart|retir|oust|fir(?:e|ing)|sack|remov|dismiss|forc|end of|let go"
    r"|laid off|suspend|terminat|walk|went|go(?:es|ing)|mov(?:e[sd]|ing)|lost|join|part(?:s|ed))",
    re.I,
)
_GAINING = re.compile(
    r"\b(?:re)?(?:hir|nam|appoint|tap|pick|select|promot|elect|recruit|poach|join|return|bec[ao]m|tak|took|cho[so]"
    r"|install|sworn|reinstat|(?:co-?)?found|launch|start|beg[aiu]n|mov(?:e[sd]|ing)|lead|succe|replac|run|head|serv"
    r"|be |came|com(?:e|ing)|went|go(?:es|ing)|cross|made|set up|accept|walk|left|leav)",
    re.I,
)
_ACT = r"(?:be|leav|step|join|depart|retir|becom|resign|exit|quit|tak|succeed|replac|lead|run|start|head|return|serv|mov|giv|go|com)"
_COMING = re.compile(
    rf"\b(?:will|would|'ll|plans?|planning|expected|set|due)\b|\bto (?:\w+ly )?{_ACT}"
    rf"|\b(?:is|are|was|were|be|he's|she's|they're|i'm) (?:\w+ly |now )?{_ACT}\w*ing\b"
    r"|\b(?:leaving|stepping|departing|exiting|retiring|joining|outgoing|incoming)\b",
    re.I,
)


def date_of(claim: Claim, published: date) -> str | None:
    """Return the date that the evidence states; for an act done and told as news, else the day on which it is told."""
    if claim.status is Status.DENIED:
        return None
    text = claim.evidence.replace("’", "'")
    start = max(claim.evidence.find(claim.trigger), 0)
    lost = claim.kind is Kind.LEAVE or not claim.to_org
    done, about = (_LOST, _LOSING) if lost else (_GAINED, _GAINING)
    coming = None if claim.background or done.search(text) else _COMING.search(text)
    act = coming or done.search(text, start) or about.search(text, start)
    doubtful = claim.status is Status.CONSIDERED
    stated = find_date(
        text,
        published,
        future=None if claim.background else coming is not None,
        near=act.start() if act else None,
        earliest=None if claim.background else published - (timedelta() if coming or doubtful else STALE),
    )
    return stated or (None if coming or claim.background or doubtful else published.isoformat())
