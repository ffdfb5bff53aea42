"""Sentences of a platform and of rules, which are English, for a command that speaks another language.

What the code means is said in that language, and the English sentence stands behind it as a quotation.
"""

from __future__ import annotations

import re

from joulemark.translation import SOURCE, language_in_use, marked
from joulemark.translation import gettext as _

QUOTED = re.compile(r'"[^"]*"|“[^”]*”|«[^»]*»')
"""A contributor's words in a sentence, which may be of any language."""

REFUSALS = {
    "JM-APPEAL-LATE": marked("The time for an appeal is over."),
    "JM-APPEAL-OPEN": marked("An appeal was already filed and is waiting for its decision."),
    "JM-AUDIENCE": marked("This was signed for another platform."),
    "JM-BODY-SIZE": marked("This is larger than the platform accepts."),
    "JM-CLOCK": marked("The clocks of this machine and of the platform differ too much."),
    "JM-DATABASE-AWAY": marked("The platform's database does not answer now."),
    "JM-JOB-UNAVAILABLE": marked("The platform accepts no results of this job."),
    "JM-KEY-OTHER": marked("That key is not yours."),
    "JM-KEY-REVOKED": marked("This key is revoked."),
    "JM-KEY-ROTATED": marked("This key was replaced by another."),
    "JM-KEY-UNKNOWN": marked("The platform does not know this key."),
    "JM-MAINTENANCE": marked("The platform's operator is working on it."),
    "JM-NAME": marked("The platform does not accept this name."),
    "JM-NAME-TAKEN": marked("This name is taken, or resembles one that is."),
    "JM-NONCE-USED": marked("This request was already made."),
    "JM-RATE": marked("Too many requests in a short time."),
    "JM-RESULT-OTHER": marked("This result is not yours."),
    "JM-SIGNATURE": marked("The signature is invalid."),
    "JM-STATE": marked("The result's state does not allow this."),
    "JM-SUITE-UNKNOWN": marked("The platform does not have this suite."),
    "JM-SUITE-UNPINNED": marked("The platform has pinned no version of this suite."),
    "JM-TICKET-EDITED": marked("The ticket was altered."),
    "JM-TICKET-UNKNOWN": marked("The platform does not know this ticket."),
    "JM-TICKET-USED": marked("This ticket was already used."),
    "JM-TRACE-REUSED": marked("This trace was already sent."),
}
"""What a platform refuses with which code."""


def refusal_in_words(code: str, sentence: str) -> str:
    """A platform's sentence about a refusal, in English as it is.

    A sentence of this agent's own, which is in the language in use, stays as it is too.
    """
    if not _is_foreign(code, sentence):
        return sentence
    if code in REFUSALS:
        return _("{words} In the platform's words: “{sentence}”").format(
            words=_(REFUSALS[code]), sentence=sentence
        )
    return _("In the platform's words: “{sentence}”").format(sentence=sentence)


def finding_in_words(code: str, sentence: str) -> str:
    """The sentence of a finding, in English as it is; else behind the title of the rule that is not kept."""
    if not _is_foreign(code, sentence):
        return sentence
    from joulemark.rules.advice import title_of

    title = title_of(code)
    if title is None:
        return refusal_in_words(code, sentence)
    return _("Rule violated: {title}. In the rule's words: “{sentence}”").format(
        title=_(title), sentence=sentence
    )


def quoted_in_words(code: str, sentence: str) -> str:
    """The sentence of a finding where the title of its rule stands beside it: a quotation where it is foreign."""
    return _("“{sentence}”").format(sentence=sentence) if _is_foreign(code, sentence) else sentence


def _is_foreign(code: str, sentence: str) -> bool:
    """Whether it is English where another language is in use: no letter of that outside of quoted words."""
    if language_in_use() == SOURCE or not code.startswith("JM-"):
        return False
    return all(letter.isascii() for letter in QUOTED.sub("", sentence) if letter.isalpha())
