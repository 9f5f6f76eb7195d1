"""Shares in percent, for people."""


def percent(share: float) -> str:
    """A share in whole percent; `<1%` and `>99%` where rounding would say that it is nothing, or all."""
    sign, size = ("-" if share < 0 else ""), abs(share)
    rounded = f"{size:.0%}"
    if size and rounded == "0%":
        return f"{sign}<1%"
    if size < 1 and rounded == "100%":
        return f"{sign}>99%"
    return f"{sign}{rounded}"


def signed_percent(change: float) -> str:
    """A change in percent, with a plus for an increase, to which 100 % is no end."""
    if change <= 0:
        return percent(change)
    return f"+{percent(change) if change < 0.5 else f'{change:.0%}'}"
