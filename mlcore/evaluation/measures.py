"""Names of the measures of regression.measure, by their better direction."""

LOWER_IS_BETTER = ("mae", "rmse")
HIGHER_IS_BETTER = ("r2", "spearman", "top_precision")
