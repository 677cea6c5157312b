"""The rows of the paper's Tables 2, 3 and 4: what is trained for each, on what, and the paper's figures on IEMOCAP."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """A row of the tables.

    Attributes:
        name: What the report calls it.
        variant: A name in `can_tf.models.registry.VARIANTS`; `tfidf` is what every CAN training is held against.
        segmentation: Of the records that it is trained on.
        tables: Where the paper has it; the words' reference stands beside all three.
        wa, ua: The paper's mean and standard deviation over ten folds; None where it has none.
    """

    name: str
    variant: str
    segmentation: str
    tables: tuple[int, ...]
    wa: tuple[float, float] | None
    ua: tuple[float, float] | None


CAN = Row("CAN", "can", "aligned", (2, 3, 4), (0.579, 0.019), (0.487, 0.017))
ROWS = (
    Row("text alone", "text", "aligned", (2,), (0.513, 0.015), (0.443, 0.015)),
    Row("audio alone", "audio", "whole", (2,), (0.431, 0.017), (0.323, 0.015)),
    Row("Yoon et al., multi-hop attention", "mha", "whole", (2,), (0.564, 0.020), (0.472, 0.017)),
    Row("Xu et al., learned alignment", "learned-alignment", "whole", (2,), (0.560, 0.028), (0.450, 0.028)),
    CAN,
    Row("CAN, equal segments", "can", "equal", (3,), (0.568, 0.022), (0.467, 0.021)),
    Row("CAN - stop-gradient", "can-no-stop-gradient", "aligned", (4,), (0.570, 0.018), (0.469, 0.023)),
    Row("CAN - L_align", "can-no-align-loss", "aligned", (4,), (0.573, 0.015), (0.484, 0.017)),
    Row(
        "CAN - stop-gradient, L_align",
        "can-no-stop-gradient-no-align-loss",
        "aligned",
        (4,),
        (0.563, 0.015),
        (0.479, 0.024),
    ),
    Row("CAN - cross attention", "can-no-cross-attention", "aligned", (4,), (0.556, 0.013), (0.458, 0.015)),
    Row("reference: TF-IDF words, logistic regression", "tfidf", "aligned", (2, 3, 4), None, None),
)


def rows_of(tables: tuple[int, ...]) -> tuple[Row, ...]:
    """Returns the rows of some tables, each once, in the paper's order."""
    return tuple(row for row in ROWS if set(row.tables) & set(tables))
