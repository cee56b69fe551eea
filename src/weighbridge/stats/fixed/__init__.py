"""Fixed-sample tools: one look at data of a size fixed beforehand. A run that is watched needs a sequence instead."""

from weighbridge.stats.fixed.bootstrap import paired_bootstrap
from weighbridge.stats.fixed.differences import (
    PairedDifference,
    mcnemar,
    paired_error,
    paired_interval,
    resampled_error,
)
from weighbridge.stats.fixed.means import clustered_error, mean_interval
from weighbridge.stats.fixed.proportions import Interval, exact, lower_bound, upper_bound, wilson
from weighbridge.stats.fixed.quantiles import QuantileInterval, quantile_interval

__all__ = [
    "Interval",
    "PairedDifference",
    "QuantileInterval",
    "clustered_error",
    "exact",
    "lower_bound",
    "mcnemar",
    "mean_interval",
    "paired_bootstrap",
    "paired_error",
    "paired_interval",
    "quantile_interval",
    "resampled_error",
    "upper_bound",
    "wilson",
]
