"""From the values of each key to the flat object of --json: medians, and `KEY.spread` beside each."""

import statistics


def summarize(values):
    """`values`: {key: [values]}."""
    found = {}
    for key, measured in values.items():
        found[key] = significant(statistics.median(measured))
        found[f"{key}.spread"] = round(spread(measured), 3)
    return found


def spread(values):
    """Inter-quartile range over median."""
    median = statistics.median(values)
    if len(values) < 2 or median == 0:
        return 0.0
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return (high - low) / median


def significant(value):
    return value if isinstance(value, int) else float(f"{value:.4g}")


def keys(found):
    return [key for key in found if f"{key}.spread" in found]
