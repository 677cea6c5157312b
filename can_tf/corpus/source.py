"""Where a corpus comes from and what its license asks, for the card and the notices of a model trained on it."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Source:
    """What is to be said of a corpus where a model that is trained on it is passed on.

    Attributes:
        license: What the license allows, in a sentence or two.
        speech: What is spoken and how, such as "acted German, ten sentences"; empty where that is not known.
        citation: The publication that describes the corpus.
        address: Where it is given out.
        asks: What the license asks of whoever passes on a model, a sentence each, with the license's own sections;
            empty where `license` says it all.
        notice: What has to stand with a published model; empty where nothing has to.

    Example:
        >>> Source(license="Free.").asks
        ()
    """

    license: str
    speech: str = ""
    citation: str = ""
    address: str = ""
    asks: tuple[str, ...] = ()
    notice: str = ""


OF_A_USER = Source(
    license="Not known to can_tf: the corpus is the user's own, and its license says what is allowed.",
)
ASKED_BY_CC0 = (
    "It asks for nothing; to name the publication is good manners.",
    "It clears no rights of others, such as those of the speakers (CC0, section 4c).",
)
