"""The measured part of docs/performance.md, and its plots."""

import plots
import tables
from profiles import PROFILES

BEGIN, END = "<!-- measured -->\n", "<!-- end of measured -->"


def text(found):
    """All tables, the bars first."""
    parts = {"Against the bars": tables.against_the_bars(found),
             "CPU seconds per GiB": tables.transfers(found),
             "CPU seconds per GiB of a device, whole updates": tables.updates(found),
             "Without a bar": tables.the_rest(found),
             "What `openssl speed` makes of each profile": tables.speeds(found)}
    return "\n".join(f"### {title}\n\n{body}" for title, body in parts.items() if body)


def drawings(found):
    """{file name: SVG}"""
    drawn = {}
    for profile in PROFILES:
        costs = {title: tables.cost(found, profile, name) for name, title in tables.CONTESTANTS.items()}
        costs = {title: cost for title, cost in costs.items() if cost}
        if costs:
            drawn[f"cpu-{profile}.svg"] = plots.bars(
                f"CPU seconds per GiB, {profile}: sender (blue) and receiver (brown)", costs)
    costs = {}
    for profile in PROFILES:
        for release in ("mender.none", "mender.gzip", "two_path.none"):
            if cost := tables.update_cost(found, profile, "random", release):
                costs[f"{profile}: {tables.RELEASES[release]}"] = [cost]
    if costs:
        drawn["cpu-updates.svg"] = plots.bars("CPU seconds per GiB of a device, whole updates", costs)
    return drawn


def write(folder, found):
    """The plots, and what is between the marks of performance.md."""
    drawn = drawings(found)
    for name, svg in drawn.items():
        (folder / name).write_text(svg)
    page = folder / "performance.md"
    before, rest = page.read_text().split(BEGIN)
    after = rest.split(END)[1]
    where = "; ".join(f"{what}: {value}" for what, value in found["environment"].items())
    images = "\n".join(f"![{name.removesuffix('.svg')}]({name})" for name in drawn)
    page.write_text(f"{before}{BEGIN}{where}.\n\n{text(found)}\n{images}\n{END}{after}")
