"""The rows of the paper's Tables 2, 3 and 4: what is trained for each, on what, and the paper's figures on IEMOCAP."""

import dataclasses

from can_tf.training.metrics import OTHER_PREDICTIONS, REFERENCES


@dataclasses.dataclass(frozen=True, slots=True)
class TableRow:
    """A row of the tables.

    Attributes:
        name: What the report calls it.
        variant: A name in `can_tf.models.registry.VARIANTS`; one of `can_tf.training.metrics.REFERENCES` for a
            reference, which every training is held against.
        segmentation: Of the records that it is trained on.
        tables: Where the paper has it; the references stand beside all three.
        wa, ua: The paper's mean and standard deviation over ten folds; None where it has none.
    """

    name: str
    variant: str
    segmentation: str
    tables: tuple[int, ...]
    wa: tuple[float, float] | None
    ua: tuple[float, float] | None

    @property
    def is_reference(self) -> bool:
        return self.variant in REFERENCES


TABLES = (2, 3, 4)
CAN = TableRow("CAN", "can", "aligned", (2, 3, 4), (0.579, 0.019), (0.487, 0.017))
ROWS = (
    TableRow("text alone", "text", "aligned", (2,), (0.513, 0.015), (0.443, 0.015)),
    TableRow("audio alone", "audio", "whole", (2,), (0.431, 0.017), (0.323, 0.015)),
    TableRow("Yoon et al., multi-hop attention", "mha", "whole", (2,), (0.564, 0.020), (0.472, 0.017)),
    TableRow("Xu et al., learned alignment", "learned-alignment", "whole", (2,), (0.560, 0.028), (0.450, 0.028)),
    CAN,
    TableRow("CAN, equal segments", "can", "equal", (3,), (0.568, 0.022), (0.467, 0.021)),
    TableRow("CAN - stop-gradient", "can-no-stop-gradient", "aligned", (4,), (0.570, 0.018), (0.469, 0.023)),
    TableRow("CAN - L_align", "can-no-align-loss", "aligned", (4,), (0.573, 0.015), (0.484, 0.017)),
    TableRow(
        "CAN - stop-gradient, L_align",
        "can-no-stop-gradient-no-align-loss",
        "aligned",
        (4,),
        (0.563, 0.015),
        (0.479, 0.024),
    ),
    TableRow("CAN - cross attention", "can-no-cross-attention", "aligned", (4,), (0.556, 0.013), (0.458, 0.015)),
    *(TableRow(OTHER_PREDICTIONS[name], name, "aligned", (2, 3, 4), None, None) for name in REFERENCES),
)


def rows_of(tables: tuple[int, ...]) -> tuple[TableRow, ...]:
    """Returns the rows of some tables, each once, in the paper's order.

    Example:
        >>> [row.name for row in rows_of((3,))][:2]
        ['CAN', 'CAN, equal segments']
    """
    return tuple(row for row in ROWS if set(row.tables) & set(tables))
